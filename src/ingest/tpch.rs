//! The eight TPC-H tables as streams of batches, in the types that the benchmark names.
//!
//! The generator gives every key as a 64-bit number; here only order keys stay so, as they are sparse and outgrow 32
//! bits first.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use tpchgen::generators::{
    CustomerGenerator, LineItemGenerator, NationGenerator, OrderGenerator, PartGenerator, PartSuppGenerator,
    RegionGenerator, SupplierGenerator,
};
use tpchgen_arrow::{
    CustomerArrow, LineItemArrow, NationArrow, OrderArrow, PartArrow, PartSuppArrow, RegionArrow, SupplierArrow,
};

/// Rows of a generated batch.
const BATCH_ROWS: usize = 8192;

/// Batches of one table, or of a part of it.
pub(super) type Batches = Box<dyn Iterator<Item = Result<RecordBatch, ArrowError>> + Send>;

/// A TPC-H table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Table {
    /// Positions of orders.
    Lineitem,
    /// Orders of customers.
    Orders,
    /// Which supplier has which part.
    Partsupp,
    /// Parts.
    Part,
    /// Customers.
    Customer,
    /// Suppliers.
    Supplier,
    /// Nations.
    Nation,
    /// Regions of nations.
    Region,
}

impl Table {
    /// All of them, the largest first.
    pub const ALL: [Self; 8] = [
        Self::Lineitem,
        Self::Orders,
        Self::Partsupp,
        Self::Part,
        Self::Customer,
        Self::Supplier,
        Self::Nation,
        Self::Region,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Lineitem => "lineitem",
            Self::Orders => "orders",
            Self::Partsupp => "partsupp",
            Self::Part => "part",
            Self::Customer => "customer",
            Self::Supplier => "supplier",
            Self::Nation => "nation",
            Self::Region => "region",
        }
    }

    /// Its rows at scale 1 (of lineitem about), and whether they grow with the scale.
    pub fn rows(self) -> (u32, bool) {
        match self {
            Self::Lineitem => (6_001_215, true),
            Self::Orders => (1_500_000, true),
            Self::Partsupp => (800_000, true),
            Self::Part => (200_000, true),
            Self::Customer => (150_000, true),
            Self::Supplier => (10_000, true),
            Self::Nation => (25, false),
            Self::Region => (5, false),
        }
    }

    /// Its rows: part `part` (from 1) of `parts`.
    pub fn batches(self, scale: f64, part: i32, parts: i32) -> Batches {
        macro_rules! batches {
            ($generator:ident, $arrow:ident) => {
                Box::new($arrow::new($generator::new(scale, part, parts)).with_batch_size(BATCH_ROWS).map(retype))
            };
        }
        match self {
            Self::Lineitem => batches!(LineItemGenerator, LineItemArrow),
            Self::Orders => batches!(OrderGenerator, OrderArrow),
            Self::Partsupp => batches!(PartSuppGenerator, PartSuppArrow),
            Self::Part => batches!(PartGenerator, PartArrow),
            Self::Customer => batches!(CustomerGenerator, CustomerArrow),
            Self::Supplier => batches!(SupplierGenerator, SupplierArrow),
            Self::Nation => batches!(NationGenerator, NationArrow),
            Self::Region => batches!(RegionGenerator, RegionArrow),
        }
    }
}

/// A schema with the benchmark's types.
fn retyped(schema: &Schema) -> SchemaRef {
    let fields = schema.fields().iter().map(|field| {
        let narrow = field.data_type() == &DataType::Int64 && !field.name().ends_with("orderkey");
        let data_type = if narrow { DataType::Int32 } else { field.data_type().clone() };
        Field::new(field.name(), data_type, field.is_nullable())
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// A batch with the benchmark's types.
fn retype(batch: Result<RecordBatch, ArrowError>) -> Result<RecordBatch, ArrowError> {
    let batch = batch?;
    let schema = retyped(batch.schema_ref());
    let columns = batch.columns().iter().zip(schema.fields()).map(|(column, field)| cast(column, field.data_type()));
    RecordBatch::try_new(Arc::clone(&schema), columns.collect::<Result<_, _>>()?)
}
