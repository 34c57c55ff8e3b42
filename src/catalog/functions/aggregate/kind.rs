//! What an aggregate keeps for a group.

use std::fmt::Debug;

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;

use crate::error::Result;

/// An aggregate over rows in which no argument is NULL.
///
/// The states of all groups live in one vector; a state is saved as columns to travel between partitions.
pub trait Kind: Debug + Clone + Send + Sync + 'static {
    /// What one group keeps; the default is that of no rows.
    type State: Debug + Clone + Default + Send + Sync;
    /// The arguments of a batch, bound to their types.
    type Input: Send + Sync;

    /// The types of the columns a saved state has.
    fn state_types(&self) -> Vec<DataType>;
    /// Binds the arguments of a batch.
    fn bind(&self, columns: &[ArrayRef]) -> Result<Self::Input>;
    /// Adds a row to a group.
    fn update(&self, state: &mut Self::State, input: &Self::Input, row: usize) -> Result<()>;
    /// Saves states as columns.
    fn save(&self, states: &[Self::State]) -> Result<Vec<ArrayRef>>;
    /// Restores the states of columns.
    fn load(&self, columns: &[ArrayRef]) -> Result<Vec<Self::State>>;
    /// Adds a restored state to a group.
    fn merge(&self, state: &mut Self::State, other: &Self::State) -> Result<()>;
    /// The result column.
    fn finish(&self, states: &[Self::State]) -> Result<ArrayRef>;
    /// Takes a row away again; `None` when that cannot be done exactly.
    fn retract(&self, state: &mut Self::State, input: &Self::Input, row: usize) -> Option<Result<()>> {
        let _ = (state, input, row);
        None
    }
    /// Whether [`Kind::retract`] works.
    fn retracts(&self) -> bool {
        false
    }
    /// Bytes a state owns beyond its own size.
    fn heap_size(state: &Self::State) -> usize {
        let _ = state;
        0
    }
}
