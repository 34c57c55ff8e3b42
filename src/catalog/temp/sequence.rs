//! Temporary sequences. What a sequence is, is part of the session's objects; where it stands is not: as in PostgreSQL
//! a rollback does not take numbers back.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::{ArrayRef, BooleanArray, Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Result as DfResult;
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::datasource::source::DataSourceExec;
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::ExecutionPlan;
use parking_lot::Mutex;

use crate::error::{Error, Result};
use crate::sqlstate;

/// Counts the uses of all sequences, so that a session's last one can be told.
static USES: AtomicU64 = AtomicU64::new(1);

/// What a sequence is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SequenceSpec {
    /// The OID of its type.
    pub data_type: u32,
    /// INCREMENT.
    pub increment: i64,
    /// MINVALUE.
    pub min: i64,
    /// MAXVALUE.
    pub max: i64,
    /// START.
    pub start: i64,
    /// CACHE, which changes nothing here.
    pub cache: i64,
    /// CYCLE.
    pub cycle: bool,
    /// The column that it ends with.
    pub owner: Option<SequenceOwner>,
}

/// The column that a sequence belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SequenceOwner {
    /// The table's OID.
    pub table: u32,
    /// The column.
    pub column: String,
    /// Whether the column is an identity column, which cannot be without it.
    pub identity: bool,
}

/// A sequence.
#[derive(Clone, Debug)]
pub struct Sequence {
    /// What it is.
    pub spec: SequenceSpec,
    state: Arc<Mutex<State>>,
}

#[derive(Clone, Copy, Debug)]
struct State {
    last: i64,
    is_called: bool,
    /// What `currval` says.
    current: Option<i64>,
    /// When `nextval` was called last.
    used: u64,
}

impl Sequence {
    /// A sequence at its start.
    #[must_use]
    pub fn new(spec: SequenceSpec) -> Self {
        let state = State { last: spec.start, is_called: false, current: None, used: 0 };
        Self { spec, state: Arc::new(Mutex::new(state)) }
    }

    /// The same sequence, standing where it stands, under other rules.
    #[must_use]
    pub fn with_spec(&self, spec: SequenceSpec) -> Self {
        Self { spec, state: Arc::clone(&self.state) }
    }

    /// The next number. Error `2200H` at its end.
    pub fn next(&self, name: &str) -> Result<i64> {
        let mut state = self.state.lock();
        let spec = &self.spec;
        let value = if state.is_called {
            let next = state.last.checked_add(spec.increment).filter(|next| (spec.min..=spec.max).contains(next));
            match next {
                Some(next) => next,
                None if spec.cycle => {
                    if spec.increment > 0 {
                        spec.min
                    } else {
                        spec.max
                    }
                }
                None => {
                    let (end, bound) = if spec.increment > 0 { ("maximum", spec.max) } else { ("minimum", spec.min) };
                    let message = format!("nextval: reached {end} value of sequence \"{name}\" ({bound})");
                    return Err(Error::new(sqlstate::SEQUENCE_GENERATOR_LIMIT_EXCEEDED, message));
                }
            }
        } else {
            state.last
        };
        let used = USES.fetch_add(1, Ordering::Relaxed);
        *state = State { last: value, is_called: true, current: Some(value), used };
        Ok(value)
    }

    /// The number given last in this session.
    #[must_use]
    pub fn current(&self) -> Option<i64> {
        self.state.lock().current
    }

    /// When it was used last; 0 for never.
    #[must_use]
    pub fn used(&self) -> u64 {
        self.state.lock().used
    }

    /// Where it stands, and whether that number was given.
    #[must_use]
    pub fn position(&self) -> (i64, bool) {
        let state = self.state.lock();
        (state.last, state.is_called)
    }

    /// Puts it at a number. Error `22003` outside its bounds.
    pub fn set(&self, name: &str, value: i64, is_called: bool) -> Result<()> {
        if !(self.spec.min..=self.spec.max).contains(&value) {
            let (min, max) = (self.spec.min, self.spec.max);
            let message = format!("setval: value {value} is out of bounds for sequence \"{name}\" ({min}..{max})");
            return Err(Error::new(sqlstate::NUMERIC_VALUE_OUT_OF_RANGE, message));
        }
        let mut state = self.state.lock();
        state.last = value;
        state.is_called = is_called;
        if is_called {
            state.current = Some(value);
        }
        Ok(())
    }

    /// RESTART.
    pub fn restart(&self, value: i64) {
        let mut state = self.state.lock();
        state.last = value;
        state.is_called = false;
    }

    /// The columns that a sequence has as a relation.
    #[must_use]
    pub fn columns() -> SchemaRef {
        Arc::new(Schema::new(vec![
            Field::new("last_value", DataType::Int64, false),
            Field::new("log_cnt", DataType::Int64, false),
            Field::new("is_called", DataType::Boolean, false),
        ]))
    }
}

/// A sequence as a relation of one row.
#[derive(Debug)]
pub struct SequenceTable(pub Sequence);

#[async_trait]
impl TableProvider for SequenceTable {
    fn schema(&self) -> SchemaRef {
        Sequence::columns()
    }

    fn table_type(&self) -> TableType {
        TableType::Temporary
    }

    async fn scan(
        &self,
        _state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        _limit: Option<usize>,
    ) -> DfResult<Arc<dyn ExecutionPlan>> {
        let (last, is_called) = self.0.position();
        let columns: Vec<ArrayRef> = vec![
            Arc::new(Int64Array::from(vec![last])),
            Arc::new(Int64Array::from(vec![0])),
            Arc::new(BooleanArray::from(vec![is_called])),
        ];
        let batch = RecordBatch::try_new(Sequence::columns(), columns)?;
        let source = MemorySourceConfig::try_new(&[vec![batch]], Sequence::columns(), projection.cloned())?;
        Ok(DataSourceExec::from_data_source(source))
    }
}
