//! Work on rows one after another, in the order they come in: volatile outputs and samples of tables.
//!
//! What `nextval` gives depends on the rows it is called for and on their order, and a repeatable sample on each row's
//! place. So nothing is moved across this node: it plans its input by itself, reads it as one stream and shows the
//! rules of the engine neither input nor order.

mod logical;
mod physical;
mod planner;

use datafusion::logical_expr::Expr;

use crate::error::{Error, Result};

pub use logical::InOrderNode;
pub use planner::InOrderPlanner;

/// What is done with each row.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd)]
pub enum Work {
    /// Expressions are computed of it.
    Project(Vec<Expr>),
    /// It is kept where a condition holds.
    Filter(Expr),
    /// It is kept by chance.
    Sample(Sample),
}

/// A sample of a table's rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd)]
pub struct Sample {
    /// A row is kept when its number, hashed to 64 bits, is below this; `None` keeps all.
    below: Option<u64>,
    /// What makes one sample differ from another; by chance where there is none.
    seed: Option<u64>,
}

impl Sample {
    /// A sample of `percent` of the rows.
    #[must_use]
    pub fn new(percent: f64, seed: Option<f64>) -> Self {
        // Saturates where every row is kept.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of all values of 64 bits")]
        let below = (percent / 100.0 * 2.0_f64.powi(64)) as u64;
        Self { below: (percent < 100.0).then_some(below), seed: seed.map(f64::to_bits) }
    }

    /// The sample with a seed of its own.
    ///
    /// # Errors
    ///
    /// Where the system has no random bytes.
    fn seeded(self) -> Result<Self> {
        let chance = || getrandom::u64().map_err(|e| Error::internal(format!("no random bytes from the system: {e}")));
        Ok(Self { seed: Some(self.seed.map_or_else(chance, Ok)?), ..self })
    }

    /// Whether the row with a number is kept.
    fn keeps(&self, row: u64) -> bool {
        let Some(below) = self.below else { return true };
        mixed(mixed(row).wrapping_add(mixed(!self.seed.unwrap_or_default()))) < below
    }
}

/// All bits of a number spread over all bits (splitmix64).
fn mixed(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use super::Sample;

    fn share(sample: Sample) -> usize {
        (0..100_000).filter(|row| sample.keeps(*row)).count()
    }

    #[test]
    fn a_sample_has_its_share_of_the_rows() {
        for percent in [0.0, 1.0, 10.0, 50.0, 99.0, 100.0] {
            let kept = f64::from(u32::try_from(share(Sample::new(percent, Some(7.0)))).unwrap_or(u32::MAX));
            assert!((kept / 1000.0 - percent).abs() < 0.6, "{percent} percent kept {kept}");
        }
        assert_eq!(share(Sample::new(0.0, None)), 0);
    }

    #[test]
    fn seeds_choose_different_rows() {
        let (one, other) = (Sample::new(50.0, Some(1.0)), Sample::new(50.0, Some(2.0)));
        let both = (0..10_000).filter(|row| one.keeps(*row) && other.keeps(*row)).count();
        assert!((2_200..2_800).contains(&both), "{both}");
    }
}
