//! Statement → [`Plan`]: names resolved in one snapshot, PostgreSQL's types and operators, params.
//!
//! DataFusion's `SqlToRel` walks the AST; our hooks give it PostgreSQL's meaning: which relation a name is
//! ([`context`]), what an SQL type is ([`types`]), what an operator does ([`operators`]). [`resolve`] then settles what
//! the hooks could not see. A plan with params is optimised when its values are known.

pub mod array_cast;
pub mod array_literal;
pub mod alter;
pub mod assign;
pub mod backward;
pub mod branches;
pub mod cache;
pub mod calls;
pub mod check;
pub mod columns;
pub mod conflict;
pub mod context;
pub mod copy;
pub mod declared;
pub mod dependency;
pub mod equality;
pub mod json_casts;
pub mod json_operators;
pub mod definition;
pub mod eager;
pub mod exists;
pub mod fit;
pub mod generated;
pub mod groups;
pub mod implicit;
pub mod joinable;
pub mod literals;
pub mod locate;
pub mod operators;
pub mod late;
pub mod lateral;
pub mod lengths;
pub mod marker;
pub mod missing;
pub mod narrow;
pub mod optimize;
pub mod params;
pub mod limits;
pub mod placement;
pub mod patterns;
pub mod names;
pub mod records;
pub mod recursive;
pub mod relations;
pub mod resolve;
pub mod row_casts;
pub mod samples;
pub mod setops;
pub mod sequences;
pub mod sets;
pub mod subqueries;
pub mod subquery_order;
pub mod subscripts;
pub mod tables;
pub mod temporal;
pub mod types;
pub mod values;
pub mod views;
pub mod wide;
pub mod write;
pub mod unify;
pub mod windows;

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

use datafusion::arrow::datatypes::{FieldRef, SchemaRef};
use datafusion::common::metadata::ScalarAndMetadata;
use datafusion::common::{DataFusionError, ParamValues};
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::SessionConfig;
use datafusion::scalar::ScalarValue;
use datafusion::sql::planner::{NullOrdering, ParserOptions, PlannerContext, SqlToRel};
use datafusion::sql::sqlparser::ast;
use tokio_util::sync::CancellationToken;

use crate::catalog::functions::Functions;
use crate::catalog::oids::BOOTSTRAP_NAME;
use crate::catalog::pg_catalog::live::NoSessions;
use crate::catalog::{SessionVars, Snapshot};
use crate::error::{Error, Result};
use crate::exec::apply::fill_params;
use crate::exec::cancel::StatementCancel;
use crate::exec::instant::Instant;
use crate::sql::position::Positions;
use crate::types::{Format, Moment, TextStyle};
pub use columns::ColumnDesc;
pub use write::WriteSpec;

/// What a statement is planned in.
#[derive(Clone)]
pub struct PlanEnv {
    /// The catalog it sees.
    pub snapshot: Arc<Snapshot>,
    /// Every function by name.
    pub functions: Arc<Functions>,
    /// Its session.
    pub vars: Arc<SessionVars>,
    /// The engine's options, without a session's.
    base: SessionConfig,
    /// The engine's options with `vars` among them, once something asked for them.
    config: OnceLock<SessionConfig>,
    /// The views around the query that is planned, by OID, the outermost first.
    pub viewing: Vec<u32>,
    /// What stops the planning.
    pub cancel: CancellationToken,
    /// Set when planning has computed something that a later statement would compute anew.
    pub moment_used: Arc<AtomicBool>,
}

/// Params' types as the client declared them; `None` leaves one to the planner.
pub type Declared = [Option<FieldRef>];

/// The values of a statement's params.
pub type Values = Vec<ScalarValue>;

/// A planned statement.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The analysed plan; holds placeholders when there are params.
    pub logical: LogicalPlan,
    /// The params `$1`, `$2`, … with their types.
    pub params: Vec<FieldRef>,
    /// The result's columns.
    pub columns: Arc<[ColumnDesc]>,
    /// What is done with the rows, when they are not the statement's result.
    pub write: Option<Arc<WriteSpec>>,
    /// Whether the plan holds for a later statement too: nothing in it was computed from this moment.
    pub reusable: bool,
    /// The plan as one row that can be computed at once.
    pub instant: Option<Instant>,
    /// The optimised plan of a statement without params whose functions are all immutable, once it was made.
    optimized: Arc<OnceLock<LogicalPlan>>,
}

/// Plans a query. `declared` are the params' types where the client gave them; `positions` are those of the text that
/// the query was parsed from.
pub fn plan_query(
    query: &ast::Query,
    positions: &Positions,
    declared: &[Option<FieldRef>],
    env: &PlanEnv,
) -> Result<Plan> {
    check::query(query, positions, env)?;
    let place = |error: &DataFusionError| locate::planning_error(error, query, positions);
    if let Err((error, at)) = placement::check(query, &env.functions) {
        return Err(error.or_at(positions.char_position(at)));
    }
    plan_made(|known| to_plan(query, known, env), place, declared, env)
}

/// Plans what `make` makes of params' types; `place` classifies an error and finds its place.
fn plan_made(
    make: impl Fn(&Declared) -> Result<Result<LogicalPlan, DataFusionError>>,
    place: impl Fn(&DataFusionError) -> Error,
    declared: &Declared,
    env: &PlanEnv,
) -> Result<Plan> {
    let mut known = declared.to_vec();
    let mut logical = make(&known)?.map_err(|e| place(&e))?;
    // The first use of a param settles its type; the second pass lets every other use see it.
    let found = params::collect(&logical, &known)?;
    if found.iter().map(Some).ne(known.iter().map(Option::as_ref)) {
        known = found.iter().map(|f| Some(Arc::clone(f))).collect();
        logical = make(&known)?.map_err(|e| place(&e))?;
    }
    let logical = optimize::analyze(logical, env)?.map_err(|e| place(&e))?;
    let columns = columns::describe(&logical, env);
    let reusable = !env.moment_used.load(std::sync::atomic::Ordering::Relaxed);
    let instant = Instant::of(&logical, !found.is_empty());
    Ok(Plan { logical, params: found, columns, write: None, reusable, instant, optimized: Arc::default() })
}

/// How `SqlToRel` reads literals, names and NULL order.
fn parser_options() -> ParserOptions {
    ParserOptions::new()
        .with_parse_float_as_decimal(true)
        .with_enable_ident_normalization(true)
        .with_collect_spans(true)
        .with_default_null_ordering(NullOrdering::NullsMax)
        .with_map_string_types_to_utf8view(true)
}

/// The unanalysed plan; the outer error is a stopped statement.
fn to_plan(
    query: &ast::Query,
    params: &[Option<FieldRef>],
    env: &PlanEnv,
) -> Result<Result<LogicalPlan, DataFusionError>> {
    env.check_cancelled()?;
    let plan = raw_plan(query, params, env).and_then(|plan| settle(plan, env));
    Ok(plan.and_then(columns::name_objects))
}

/// The plan as `SqlToRel` makes it.
fn raw_plan(query: &ast::Query, params: &[Option<FieldRef>], env: &PlanEnv) -> Result<LogicalPlan, DataFusionError> {
    let context = context::Context::new(env);
    let planner = SqlToRel::new_with_options(&context, parser_options());
    let mut scope = PlannerContext::new().with_prepare_param_data_types(params.to_vec());
    let mut query = query.clone();
    dependency::extend(&mut query, env);
    names::bind(&mut query, env).map_err(|error| DataFusionError::External(Box::new(error)))?;
    let statement = ast::Statement::Query(Box::new(query));
    planner.sql_statement_to_plan_with_context(statement, &mut scope)
}

/// A fresh plan with everything settled that the planner's hooks could not see.
fn settle(plan: LogicalPlan, env: &PlanEnv) -> Result<LogicalPlan, DataFusionError> {
    recursive::settle(plan)
        .and_then(groups::settle)
        .and_then(subquery_order::settle)
        .and_then(|plan| resolve::resolve(plan, env))
        .and_then(|plan| equality::check(&plan).map(|()| plan))
        .and_then(|plan| wide::keys(plan, &env.functions))
        .and_then(|plan| limits::settle(plan, env))
        .and_then(exists::settle)
        .and_then(lateral::pull_up_functions)
        .and_then(|plan| subqueries::apply_subqueries(plan, env))
}

impl Plan {
    /// The optimised plan with its params filled in.
    pub fn bind(&self, values: &[ScalarValue], env: &PlanEnv) -> Result<LogicalPlan> {
        let fixed = values.is_empty() && self.reusable;
        if let Some(optimized) = self.optimized.get().filter(|_| fixed) {
            return Ok(optimized.clone());
        }
        let plan = if values.is_empty() {
            self.logical.clone()
        } else {
            let values = values.iter().map(|v| ScalarAndMetadata::new(v.clone(), None)).collect();
            fill_params(self.logical.clone(), &ParamValues::List(values))?
        };
        let is_immutable = fixed && optimize::is_immutable(&plan)?;
        eager::check(&plan, env)?;
        let optimized = optimize::optimize(plan, env)?;
        if is_immutable {
            // Another statement may have been first; both made the same.
            let _ = self.optimized.set(optimized.clone());
        }
        Ok(optimized)
    }
}

impl Plan {
    /// The plan for a result in these formats: object identifiers (`regclass`, …) are numbers where a column is asked
    /// for in binary, and names elsewhere.
    pub fn in_formats(self: Arc<Self>, formats: &[Format]) -> Result<Arc<Self>> {
        if !formats.contains(&Format::Binary) {
            return Ok(self);
        }
        let Some(logical) = columns::number_objects(&self.logical, formats)? else { return Ok(self) };
        Ok(Arc::new(Self { logical, optimized: Arc::default(), instant: None, ..self.as_ref().clone() }))
    }

    /// The result's columns; `None` for a statement that returns no rows.
    #[must_use]
    pub fn result_columns(&self) -> Option<&Arc<[ColumnDesc]>> {
        let silent = self.write.as_ref().is_some_and(|write| write.returning.is_none());
        (!silent).then_some(&self.columns)
    }

    /// The result's schema, whose fields carry PostgreSQL types.
    #[must_use]
    pub fn schema(&self) -> &SchemaRef {
        self.logical.schema().inner()
    }
}

impl PlanEnv {
    /// The environment of one statement: the server's options with the session's variables and the token added.
    #[must_use]
    pub fn new(
        base: &SessionConfig,
        snapshot: Arc<Snapshot>,
        functions: Arc<Functions>,
        mut vars: SessionVars,
        cancel: CancellationToken,
    ) -> Self {
        let moment_used = Arc::new(AtomicBool::new(false));
        // A text that says `now` means the transaction's start, and makes the plan one of this moment.
        let now_us = Some(vars.transaction_start.timestamp_micros());
        let moment = Moment { now_us, asked: Arc::clone(&moment_used) };
        vars.style = Arc::new(TextStyle { moment, ..TextStyle::clone(&vars.style) });
        let base = base.clone();
        Self {
            snapshot,
            functions,
            vars: Arc::new(vars),
            base,
            config: OnceLock::new(),
            cancel,
            moment_used,
            viewing: Vec::new(),
        }
    }

    /// The environment in which the server itself plans, with one schema on its search path.
    #[must_use]
    pub fn of_server(base: &SessionConfig, snapshot: Snapshot, functions: &Arc<Functions>, schema: &str) -> Self {
        let snapshot = Arc::new(snapshot);
        let now = chrono::Utc::now();
        let vars = SessionVars {
            user: Arc::from(BOOTSTRAP_NAME),
            backend_pid: 0,
            search_path: Arc::from([schema.to_owned()]),
            settings: Arc::default(),
            style: Arc::default(),
            snapshot: Arc::clone(&snapshot),
            temp: Arc::default(),
            own: Arc::new(NoSessions),
            transaction_start: now,
            statement_start: now,
            server_start: now,
            client: None,
            server: None,
        };
        Self::new(base, snapshot, Arc::clone(functions), vars, CancellationToken::new())
    }

    /// The engine's options with the session's variables and the token added. Copied at the first call only: a
    /// statement that is answered from a cache needs none.
    pub fn config(&self) -> &SessionConfig {
        self.config.get_or_init(|| {
            let mut config = self.base.clone();
            let options = config.options_mut();
            options.extensions.insert(SessionVars::clone(&self.vars));
            options.extensions.insert(StatementCancel(self.cancel.clone()));
            config
        })
    }

    /// `57014` once the statement was stopped.
    pub fn check_cancelled(&self) -> Result<()> {
        if self.cancel.is_cancelled() {
            return Err(Error::new(crate::sqlstate::QUERY_CANCELED, "canceling statement due to user request"));
        }
        Ok(())
    }
}

/// The engine's options, without a session's.
#[must_use]
pub fn base_config(threads: usize, batch_rows: usize) -> SessionConfig {
    let mut config = SessionConfig::new()
        .with_target_partitions(threads)
        .with_batch_size(batch_rows)
        .with_information_schema(false)
        .with_collect_statistics(true);
    let options = config.options_mut();
    options.execution.time_zone = Some("UTC".to_owned());
    options.sql_parser.parse_float_as_decimal = true;
    // What reads a subquery's rows sees them in its order.
    options.sql_parser.enable_subquery_sort_elimination = false;
    // Casts of ours say NULL where the engine's plan knows better; the check would refuse such a plan.
    options.execution.skip_physical_aggregate_schema_check = true;
    options.execution.spill_compression = datafusion::config::SpillCompression::Lz4Frame;
    config
}
