//! Every function a client may call, by name.
//!
//! A name that PostgreSQL has is served only by an implementation whose answers are PostgreSQL 17's; DataFusion's own
//! names stay available under their names ([`inherited`]). System functions, which need the catalog, live in their
//! own room and are added to the registry by [`Functions::add_scalar`].

pub mod alike;
pub mod arith;
pub mod arrays;
pub mod datetime;
pub mod framed;
pub mod number;
pub mod numeric;
pub mod quantified;
pub mod resolve;
pub mod system;
pub mod ty;

mod access;
mod aggregate;
mod call;
pub mod cast;
mod formatting;
mod inherited;
pub mod input;
mod json;
mod math;
mod output;
mod overload;
mod record;
mod regexp;
mod series_list;
mod sleep;
mod type_of;
mod undefined;
mod string;
mod table;
mod table_row;
pub mod variadic;
mod udf;
mod window;

#[cfg(test)]
mod edges;
#[cfg(test)]
mod golden;

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::catalog::TableFunction;
use datafusion::execution::FunctionRegistry;
use datafusion::logical_expr::{AggregateUDF, ScalarUDF, Volatility, WindowUDF};

use crate::error::Result;
pub use aggregate::hypothetical::of_name as hypothetical_aggregate;
pub use aggregate::scaled::{SCALED_AVERAGE, SCALED_SUM};
pub use arrays::order as order_of_values;
pub use json::{JSON_VALUE, JSONB_KEY, JSONB_ORDER, check_patterns, from_jsonb};
pub use output::output_text;
use overload::{Kernel, Overload, Ret};
pub use string::CONCATENATION;
pub use table_row::{ROW_PARTS, ROW_THERE, TABLE_ROW};
use ty::Ty;
pub use type_of::{TYPE_OF, typed_arguments};
pub use udf::PgScalar;
pub use undefined::undefined;

/// All functions by lower-case name.
#[derive(Debug, Default)]
pub struct Functions {
    /// Scalar functions.
    pub scalar: HashMap<String, Arc<ScalarUDF>>,
    /// Aggregates.
    pub aggregate: HashMap<String, Arc<AggregateUDF>>,
    /// Window functions.
    pub window: HashMap<String, Arc<WindowUDF>>,
    /// Functions in FROM.
    pub table: HashMap<String, Arc<TableFunction>>,
}

/// An argument as the planner knows it before it is cast.
#[derive(Clone, Debug)]
pub enum ArgType {
    /// An expression of this field.
    Known(FieldRef),
    /// An untyped literal or parameter, or NULL.
    Unknown,
}

impl Functions {
    /// DataFusion's own functions and PostgreSQL's.
    #[must_use]
    pub fn new() -> Self {
        let mut functions = Self::default();
        inherited::register(&mut functions);
        let mut registry = Registry::default();
        string::register(&mut registry);
        regexp::register(&mut registry);
        math::register(&mut registry);
        arith::register(&mut registry);
        cast::register(&mut registry);
        datetime::register(&mut registry);
        formatting::register(&mut registry);
        arrays::register(&mut registry);
        json::register(&mut registry);
        series_list::register(&mut registry);
        for (name, entry) in registry.entries {
            let function = PgScalar::new(name, entry.overloads, entry.volatility);
            functions.add_scalar(ScalarUDF::new_from_impl(function));
        }
        aggregate::register(&mut functions);
        window::register(&mut functions);
        table::register(&mut functions);
        functions.add_scalar(arrays::constructor());
        functions.add_scalar(type_of::type_of());
        functions.add_scalar(sleep::pg_sleep());
        functions.add_scalar(record::row());
        for function in quantified::functions().into_iter().chain(table_row::functions()) {
            functions.add_scalar(function);
        }
        for function in system::system_functions().into_iter().chain(system::system_set_functions()) {
            functions.add_scalar(function);
        }
        for function in system::system_table_functions() {
            functions.table.insert(function.name().to_owned(), Arc::new(function));
        }
        functions
    }

    /// Adds a scalar function under its name and aliases, in place of what had them.
    pub fn add_scalar(&mut self, function: ScalarUDF) {
        let function = Arc::new(function);
        for alias in function.aliases() {
            self.scalar.insert(alias.to_lowercase(), Arc::clone(&function));
        }
        self.scalar.insert(function.name().to_lowercase(), function);
    }

    /// Adds an aggregate under its name and aliases, in place of what had them.
    pub fn add_aggregate(&mut self, function: AggregateUDF) {
        let function = Arc::new(function);
        for alias in function.aliases() {
            self.aggregate.insert(alias.to_lowercase(), Arc::clone(&function));
        }
        self.aggregate.insert(function.name().to_lowercase(), function);
    }

    /// Adds a window function under its name and aliases, in place of what had them.
    pub fn add_window(&mut self, function: WindowUDF) {
        let function = Arc::new(function);
        for alias in function.aliases() {
            self.window.insert(alias.to_lowercase(), Arc::clone(&function));
        }
        self.window.insert(function.name().to_lowercase(), function);
    }

    /// The function that returns the rows of a set-returning function as a list; `None` for a name that is none.
    #[must_use]
    pub fn list_of_set(&self, name: &str) -> Option<&Arc<ScalarUDF>> {
        match name {
            "string_to_table" => self.scalar.get("string_to_array"),
            name => self
                .scalar
                .get(&format!("{name}_list"))
                .or_else(|| self.scalar.get(name).filter(|function| system::returns_set(function))),
        }
    }

    /// Registers everything with a session: what serves a name as an alias first, so that a name's own function wins.
    pub fn install(&self, registry: &mut dyn FunctionRegistry) -> datafusion::common::Result<()> {
        for own in [false, true] {
            for (_, function) in self.scalar.iter().filter(|(key, f)| (key.as_str() == f.name()) == own) {
                registry.register_udf(Arc::clone(function))?;
            }
            for (_, function) in self.aggregate.iter().filter(|(key, f)| (key.as_str() == f.name()) == own) {
                registry.register_udaf(Arc::clone(function))?;
            }
            for (_, function) in self.window.iter().filter(|(key, f)| (key.as_str() == f.name()) == own) {
                registry.register_udwf(Arc::clone(function))?;
            }
        }
        Ok(())
    }

    /// The fields a call's arguments are to be cast to, by PostgreSQL's overload rules: untyped literals are resolved,
    /// a call nothing takes is `42883`, one that fits several equally is `42725`. `None` for a function that is not
    /// ours, whose own signature decides.
    pub fn coerce_scalar(&self, name: &str, args: &[ArgType]) -> Option<Result<Vec<FieldRef>>> {
        let function = self.scalar.get(name)?.inner().downcast_ref::<PgScalar>()?;
        let types: Option<Vec<Ty>> = args.iter().map(ArgType::ty).collect();
        let Some(types) = types else { return Some(Err(resolve::undefined(name, &[]))) };
        let fields: Vec<FieldRef> = args.iter().map(ArgType::field).collect();
        Some(function.coerce(&types, &fields))
    }
}

impl ArgType {
    fn ty(&self) -> Option<Ty> {
        match self {
            Self::Known(field) => Ty::of_field(field),
            Self::Unknown => Some(Ty::Unknown),
        }
    }

    fn field(&self) -> FieldRef {
        match self {
            Self::Known(field) => Arc::clone(field),
            Self::Unknown => Arc::new(Field::new("", DataType::Null, true)),
        }
    }
}

/// The scalar functions of this room while they are being listed.
#[derive(Default)]
struct Registry {
    entries: HashMap<&'static str, Entry>,
}

struct Entry {
    overloads: Vec<Overload>,
    volatility: Volatility,
}

impl Registry {
    /// Adds a strict overload.
    fn add(&mut self, name: &'static str, params: &'static [Ty], ret: impl Into<Ret>, kernel: Kernel) {
        self.push(name, Overload { params, variadic: false, strict: true, ret: ret.into(), kernel });
    }

    /// Adds an overload that is called with NULLs too.
    fn add_lax(&mut self, name: &'static str, params: &'static [Ty], ret: impl Into<Ret>, kernel: Kernel) {
        self.push(name, Overload { params, variadic: false, strict: false, ret: ret.into(), kernel });
    }

    /// Adds an overload whose last parameter repeats, called with NULLs too.
    fn add_variadic(&mut self, name: &'static str, params: &'static [Ty], ret: impl Into<Ret>, kernel: Kernel) {
        self.push(name, Overload { params, variadic: true, strict: false, ret: ret.into(), kernel });
    }

    /// Declares that results may change between statements (`Stable`) or rows (`Volatile`).
    fn volatility(&mut self, volatility: Volatility, names: &[&'static str]) {
        for name in names {
            if let Some(entry) = self.entries.get_mut(name) {
                entry.volatility = volatility;
            }
        }
    }

    fn push(&mut self, name: &'static str, overload: Overload) {
        let entry = self.entries.entry(name);
        let entry = entry.or_insert_with(|| Entry { overloads: Vec::new(), volatility: Volatility::Immutable });
        entry.overloads.push(overload);
    }
}
