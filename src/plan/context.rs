//! What names mean to `SqlToRel`: relations from the snapshot, functions from the registry, our planner hooks.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use datafusion::arrow::datatypes::{DataType, SchemaRef};
use datafusion::catalog::TableFunctionArgs;
use datafusion::catalog::cte_worktable::CteWorkTable;
use datafusion::catalog::view::ViewTable;
use datafusion::common::{DataFusionError, Result, TableReference};
use datafusion::config::ConfigOptions;
use datafusion::datasource::provider_as_source;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::logical_expr::planner::{ContextProvider, ExprPlanner, RelationPlanner, TypePlanner};
use datafusion::logical_expr::{AggregateUDF, Expr, HigherOrderUDF, ScalarUDF, TableSource, WindowUDF};

use super::conflict::EXCLUDED;
use super::copy::{COPIED, copied_schema};
use super::operators::Operators;
use super::relations::Relations;
use super::setops::SetOperations;
use super::types::SqlTypes;
use super::values::ValuesLists;
use super::write::{NUMBERED, WRITTEN};
use super::{PlanEnv, literals, marker, views};
use crate::catalog::functions::datetime::ZoneSpec;
use crate::catalog::functions::framed::Framed;
use crate::catalog::functions::{hypothetical_aggregate, undefined, variadic};
use crate::catalog::temp::{self, TempTable};
use crate::error::Error;
use crate::exec::classify::classify;
use crate::exec::physical;
use crate::sql::fetch::WITH_TIES;
use crate::sql::rewrite::arrays::ARRAY_FUNCTION;
use crate::sql::rewrite::casts::NAMED_CAST;
use crate::sql::rewrite::conditions;
use crate::sql::rewrite::frame_spec::FrameSpec;
use crate::sql::rewrite::hypothetical;
use crate::sql::rewrite::series::UNNEST_SET;
use crate::sqlstate;

/// Names that the planner itself gives a meaning.
const GRAMMAR: [&str; 1] = ["grouping"];

/// The context of one statement.
pub struct Context<'a> {
    env: &'a PlanEnv,
    planners: Vec<Arc<dyn ExprPlanner>>,
    relations: [Arc<dyn RelationPlanner>; 3],
}

impl<'a> Context<'a> {
    /// A context over a statement's environment.
    #[must_use]
    pub fn new(env: &'a PlanEnv) -> Self {
        let mut planners: Vec<Arc<dyn ExprPlanner>> =
            vec![Arc::new(Operators::new(Arc::clone(&env.functions), Arc::clone(&env.vars.style), env.cancel.clone()))];
        planners.extend(datafusion::execution::SessionStateDefaults::default_expr_planners());
        let relations: [Arc<dyn RelationPlanner>; 3] = [
            Arc::new(SetOperations::new(env)),
            Arc::new(ValuesLists::new(env)),
            Arc::new(Relations::new(Arc::clone(&env.functions))),
        ];
        Self { env, planners, relations }
    }

    /// The relation of a name in the statement's snapshot.
    pub fn relation(&self, name: &TableReference) -> Result<Arc<dyn TableSource>, Error> {
        let snapshot = &self.env.snapshot;
        if let Some(database) = name.catalog().filter(|d| *d != snapshot.database) {
            return Err(Error::unsupported(format!(
                "cross-database references are not implemented: \"{database}.{}.{}\"",
                name.schema().unwrap_or_default(),
                name.table()
            )));
        }
        if let Some(source) = self.written(name) {
            return Ok(source);
        }
        let schema = self.env.schema_of(name.schema(), name.table());
        let schema = schema.as_deref();
        if let Some((relation, view)) =
            schema.and_then(|schema| snapshot.relation(schema, name.table())).and_then(|r| Some((r, r.view()?)))
        {
            let plan = views::plan_view(relation, view, self.env).map_err(|e| classify(&e))?;
            return Ok(provider_as_source(Arc::new(ViewTable::new(plan, None))));
        }
        let provider = schema.and_then(|schema| snapshot.provider(schema, name.table()));
        match provider {
            Some(provider) => Ok(provider_as_source(provider)),
            None => {
                let shown = match name.schema() {
                    Some(schema) => format!("{schema}.{}", name.table()),
                    None => name.table().to_owned(),
                };
                Err(Error::new(sqlstate::UNDEFINED_TABLE, format!("relation \"{shown}\" does not exist")))
            }
        }
    }
}

impl Context<'_> {
    /// The table that a statement changes, with its row numbers, or the rows it has written.
    fn written(&self, name: &TableReference) -> Option<Arc<dyn TableSource>> {
        let find = |own: &str| self.env.snapshot.relation(name.schema()?, own);
        if let Some(relation) = name.table().strip_suffix(NUMBERED).and_then(find) {
            let table = TempTable::numbered(relation.oid, &relation.provider.schema());
            return Some(provider_as_source(Arc::new(table)));
        }
        if let Some(relation) = name.table().strip_suffix(EXCLUDED).and_then(find) {
            let columns = temp::with_row_number(&relation.provider.schema());
            return Some(provider_as_source(Arc::new(TempTable::new(temp::EXCLUDED, columns))));
        }
        if let Some(relation) = name.table().strip_suffix(COPIED).and_then(find) {
            let columns = copied_schema(relation.provider.schema().fields());
            return Some(provider_as_source(Arc::new(TempTable::new(temp::COPIED, columns))));
        }
        let relation = name.table().strip_suffix(WRITTEN).and_then(find)?;
        Some(provider_as_source(Arc::new(TempTable::new(temp::WRITTEN, relation.provider.schema()))))
    }
}

impl ContextProvider for Context<'_> {
    fn get_table_source(&self, name: TableReference) -> Result<Arc<dyn TableSource>> {
        self.relation(&name).map_err(|e| DataFusionError::External(Box::new(e)))
    }

    fn get_table_function_source(&self, name: &str, args: Vec<Expr>) -> Result<Arc<dyn TableSource>> {
        let name = name.strip_prefix("pg_catalog.").unwrap_or(name);
        if !args.iter().all(|arg| matches!(literals::fold_number(arg.clone()), Expr::Literal(..))) {
            // Folding may call functions of the session or of the moment.
            self.env.moment_used.store(true, Ordering::Relaxed);
        }
        let args = literals::fold_arguments(args, self.env)?;
        if let Some(function) = self.env.functions.table.get(name) {
            let state = physical::state(self.env.config().clone(), Arc::new(RuntimeEnv::default()));
            let provider = function.create_table_provider_with_args(TableFunctionArgs::new(&args, &state))?;
            return Ok(provider_as_source(provider));
        }
        let message = format!("function {name}() does not exist");
        let hint = "No function matches the given name and argument types. You might need to add explicit type casts.";
        Err(DataFusionError::External(Box::new(Error::new(sqlstate::UNDEFINED_FUNCTION, message).hint(hint))))
    }

    fn create_cte_work_table(&self, name: &str, schema: SchemaRef) -> Result<Arc<dyn TableSource>> {
        Ok(provider_as_source(Arc::new(CteWorkTable::new(name, schema))))
    }

    fn get_expr_planners(&self) -> &[Arc<dyn ExprPlanner>] {
        &self.planners
    }

    fn get_relation_planners(&self) -> &[Arc<dyn RelationPlanner>] {
        &self.relations
    }

    fn get_type_planner(&self) -> Option<Arc<dyn TypePlanner>> {
        Some(Arc::new(SqlTypes))
    }

    fn get_function_meta(&self, name: &str) -> Option<Arc<ScalarUDF>> {
        if name == ARRAY_FUNCTION {
            return Some(marker::array_of_subquery());
        }
        if name.starts_with(conditions::PREFIX) {
            return Some(marker::condition(name));
        }
        if name == NAMED_CAST {
            return Some(marker::named_cast());
        }
        if name == marker::RECURSIVE_OUTPUT {
            return Some(marker::recursive_output());
        }
        if name == WITH_TIES {
            return Some(marker::with_ties());
        }
        if name == super::samples::SAMPLE {
            return Some(marker::table_sample());
        }
        if let Some(marker) = marker::unified(name) {
            return Some(marker);
        }
        let functions = &self.env.functions;
        if hypothetical::of_name(name).is_some() {
            return None;
        }
        if let Some(spec) = FrameSpec::of_name(name) {
            return match functions.aggregate.contains_key(&spec.function)
                || functions.window.contains_key(&spec.function)
            {
                true => None,
                false => Some(undefined(&spec.function)),
            };
        }
        let set = if name == UNNEST_SET { "unnest" } else { name };
        if let Some(list) = functions.list_of_set(set) {
            return Some(marker::set_returning(set, list));
        }
        let elsewhere =
            functions.aggregate.contains_key(name) || functions.window.contains_key(name) || GRAMMAR.contains(&name);
        match functions.scalar.get(name) {
            Some(function) => Some(Arc::clone(function)),
            None if elsewhere => None,
            None => {
                let spread = variadic::of_name(name, |base| functions.scalar.get(base).map(Arc::clone));
                Some(spread.unwrap_or_else(|| undefined(name)))
            }
        }
    }

    fn get_higher_order_meta(&self, _name: &str) -> Option<Arc<HigherOrderUDF>> {
        None
    }

    fn get_aggregate_meta(&self, name: &str) -> Option<Arc<AggregateUDF>> {
        let known = self.env.functions.aggregate.get(name).map(Arc::clone);
        known.or_else(|| hypothetical_aggregate(name).map(Arc::new))
    }

    fn get_window_meta(&self, name: &str) -> Option<Arc<WindowUDF>> {
        if let Some(known) = self.env.functions.window.get(name) {
            return Some(Arc::clone(known));
        }
        let zone = ZoneSpec::of(&self.env.vars.style.time_zone);
        let framed = Framed::of_name(name, &self.env.functions, zone, self.env.cancel.clone())?;
        // It holds this statement's zone and token.
        self.env.moment_used.store(true, Ordering::Relaxed);
        Some(Arc::new(framed))
    }

    fn get_variable_type(&self, _variable_names: &[String]) -> Option<DataType> {
        None
    }

    fn options(&self) -> &ConfigOptions {
        self.env.config().options()
    }

    fn udf_names(&self) -> Vec<String> {
        self.env.functions.scalar.keys().map(Clone::clone).collect()
    }

    fn higher_order_function_names(&self) -> Vec<String> {
        Vec::new()
    }

    fn udaf_names(&self) -> Vec<String> {
        self.env.functions.aggregate.keys().map(Clone::clone).collect()
    }

    fn udwf_names(&self) -> Vec<String> {
        self.env.functions.window.keys().map(Clone::clone).collect()
    }
}
