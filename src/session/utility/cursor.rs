//! DECLARE, FETCH, MOVE, CLOSE.

use std::sync::Arc;

use arrow::datatypes::FieldRef;

use crate::error::{Error, Result};
use crate::exec::store::RowStore;
use crate::plan::{ColumnDesc, Values};
use crate::session::cursor::{Cursor, Declared, Step, WINDOW_BYTES};
use crate::session::engine::MAX_SUSPENDED;
use crate::session::rows::{Fetching, Origin, Rows};
use crate::session::{Answer, Session};
use crate::sql::Statement;
use crate::sql::utility_ast::{Declare, Fetch};
use crate::sqlstate;
use crate::types::Format;

impl Session {
    /// DECLARE.
    pub(in crate::session) async fn run_declare(
        &mut self,
        statement: &Arc<Statement>,
        declare: &Declare,
        values: Values,
        declared: &[Option<FieldRef>],
    ) -> Result<Answer> {
        self.transaction.check_usable()?;
        let in_block = self.transaction.is_explicit() || self.several;
        if !declare.hold && !in_block {
            let message = "DECLARE CURSOR can only be used in transaction blocks";
            return Err(Error::new(sqlstate::NO_ACTIVE_SQL_TRANSACTION, message));
        }
        let name = &declare.name;
        if self.cursors.contains_key(name) || self.portals.contains_key(name) && !name.is_empty() {
            return Err(Error::new(sqlstate::DUPLICATE_CURSOR, format!("cursor \"{name}\" already exists")));
        }
        let token = self.start_statement()?;
        let plan = self.plan(statement, declared, &token).await?;
        let env = self.plan_env(&token);
        let scroll = declare.scroll.unwrap_or_else(|| declare.query.locks.is_empty() && plan.can_go_back());
        // What SCROLL or HOLD ask for is kept whole; going back unasked has a window.
        let window = (declare.scroll.is_none() && !declare.hold).then_some(WINDOW_BYTES);
        let store = RowStore::new(self.objects.pool(), self.engine.executor.env(), window);
        let declared = Declared {
            name: name.to_owned(),
            text: Arc::clone(&statement.text),
            scroll,
            hold: declare.hold,
            binary: declare.binary,
            depth: self.transaction.depth(),
        };
        let mut cursor = Cursor::new(declared, plan, values, env, store);
        if declare.hold && !self.transaction.is_explicit() {
            let _timer = self.timer();
            cursor.keep_rest(&self.engine.executor).await?;
        }
        self.cancel.disarm();
        self.cursors.insert(name.to_owned(), cursor);
        Ok(Answer::Done("DECLARE CURSOR".to_owned()))
    }

    /// FETCH, MOVE. The cursor goes with its rows and comes back when they have ended.
    pub(super) async fn run_fetch(
        &mut self,
        statement: &Arc<Statement>,
        fetch: &Fetch,
        formats: Option<&[Format]>,
    ) -> Result<Answer> {
        let Some(mut cursor) = self.cursors.remove(&fetch.name) else { return Err(no_cursor(&fetch.name)) };
        self.cancel.rearm(&cursor.token);
        let timer = self.timer();
        if !cursor.is_running() && self.running_queries() >= MAX_SUSPENDED {
            // No more threads may wait for this client: the rows are kept here.
            cursor.keep_rest(&self.engine.executor).await?;
        }
        let step = match cursor.go(fetch.direction, fetch.moves, &self.engine.executor).await {
            Ok(step) => step,
            Err(error) => {
                cursor.fail();
                self.cursors.insert(fetch.name.clone(), cursor);
                return Err(error);
            }
        };
        let done = |session: &mut Self, cursor: Cursor, count: u64| {
            session.cursors.insert(cursor.name.clone(), cursor);
            session.cancel.disarm();
            Ok(Answer::Done(format!("MOVE {count}")))
        };
        let mut run = match step {
            Step::Done(count) => return done(self, cursor, count),
            Step::Rows(run) => run,
        };
        if fetch.moves {
            while cursor.next(&mut run, &self.engine.executor).await?.is_some() {}
            cursor.settle(run);
            return done(self, cursor, run.done());
        }
        let columns = Arc::clone(&cursor.plan.columns);
        let own = if cursor.binary { Format::Binary } else { Format::Text };
        let formats: Arc<[Format]> = match formats {
            Some(sent) if sent.len() == columns.len() => sent.into(),
            _ => vec![own; columns.len()].into(),
        };
        let style = Arc::clone(&self.settings.derived().style);
        let origin = Origin { text: Arc::clone(&statement.text), token: cursor.token.clone(), timer };
        let fetching = Fetching::new(cursor, run, &formats, &style, Arc::clone(&self.engine))?;
        Ok(Answer::Rows(Box::new(Rows::of_cursor(fetching, columns, formats, origin))))
    }

    /// The columns that FETCH gives; none for MOVE and for a cursor that does not exist.
    pub(in crate::session) fn fetch_columns(&self, fetch: &Fetch) -> Option<Arc<[ColumnDesc]>> {
        let cursor = self.cursors.get(&fetch.name).filter(|_| !fetch.moves)?;
        Some(Arc::clone(&cursor.plan.columns))
    }

    /// CLOSE; `34000` for an unknown cursor.
    pub(super) fn run_close(&mut self, name: Option<&str>) -> Result<Answer> {
        let Some(name) = name else {
            self.cursors.clear();
            self.portals.clear();
            return Ok(Answer::Done("CLOSE CURSOR ALL".to_owned()));
        };
        if self.cursors.remove(name).is_some() || self.portals.remove(name).is_some() {
            return Ok(Answer::Done("CLOSE CURSOR".to_owned()));
        }
        Err(no_cursor(name))
    }

    /// Reads the rest of every cursor that outlives the transaction, before it commits.
    pub(super) async fn hold_cursors(&mut self) -> Result<()> {
        let mut cursors = std::mem::take(&mut self.cursors);
        let mut held = Ok(());
        for cursor in cursors.values_mut().filter(|cursor| cursor.hold) {
            self.cancel.rearm(&cursor.token);
            let _timer = self.timer();
            held = cursor.keep_rest(&self.engine.executor).await;
            cursor.depth = 0;
            if held.is_err() {
                break;
            }
        }
        self.cancel.disarm();
        self.cursors = cursors;
        held
    }

    fn running_queries(&self) -> usize {
        let suspended = self.portals.values().filter(|portal| portal.is_suspended()).count();
        suspended + self.cursors.values().filter(|cursor| cursor.is_running()).count()
    }
}

fn no_cursor(name: &str) -> Error {
    Error::new(sqlstate::INVALID_CURSOR_NAME, format!("cursor \"{name}\" does not exist"))
}
