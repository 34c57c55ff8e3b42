//! A window frame as part of a function's name: how a call's frame gets through the planner, whose own frames know
//! neither EXCLUDE nor offsets that are expressions.

use datafusion::sql::sqlparser::ast::WindowFrameUnits;

use crate::sql::frames::{Exclusion, MARK};

/// What the offsets of a frame count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Units {
    /// Rows.
    Rows,
    /// Distances of the ORDER BY column.
    Range,
    /// Groups of peers.
    Groups,
}

/// One end of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bound {
    /// The partition's first row.
    UnboundedPreceding,
    /// An offset before the current row.
    Preceding,
    /// The current row, or its peers.
    CurrentRow,
    /// An offset after the current row.
    Following,
    /// The partition's last row.
    UnboundedFollowing,
}

/// A call with the frame it is evaluated over. Its arguments are: the function's own, the filter, the start's offset,
/// the end's offset, the ORDER BY columns.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FrameSpec {
    /// The function.
    pub function: String,
    /// How many arguments of its own it has.
    pub args: usize,
    /// Whether a filter follows them.
    pub filter: bool,
    /// What offsets count.
    pub units: Units,
    /// Where the frame starts.
    pub start: Bound,
    /// Where it ends.
    pub end: Bound,
    /// What it leaves out.
    pub exclusion: Option<Exclusion>,
    /// For each ORDER BY column whether it descends, and whether NULLs come first.
    pub order: Vec<(bool, bool)>,
}

impl Units {
    /// The units of a parsed frame.
    #[must_use]
    pub fn of(units: &WindowFrameUnits) -> Self {
        match units {
            WindowFrameUnits::Rows => Self::Rows,
            WindowFrameUnits::Range => Self::Range,
            WindowFrameUnits::Groups => Self::Groups,
        }
    }
}

impl Bound {
    const LETTERS: [(Self, char); 5] = [
        (Self::UnboundedPreceding, 'u'),
        (Self::Preceding, 'p'),
        (Self::CurrentRow, 'c'),
        (Self::Following, 'f'),
        (Self::UnboundedFollowing, 'U'),
    ];

    /// Whether an offset belongs to it.
    #[must_use]
    pub fn has_offset(self) -> bool {
        matches!(self, Self::Preceding | Self::Following)
    }

    fn letter(self) -> char {
        Self::LETTERS.iter().find(|(b, _)| *b == self).map_or('-', |(_, c)| *c)
    }

    fn of_letter(letter: char) -> Option<Self> {
        Self::LETTERS.iter().find(|(_, c)| *c == letter).map(|(b, _)| *b)
    }
}

impl FrameSpec {
    /// The name that carries it; not a name that SQL can spell without quotes.
    #[must_use]
    pub fn to_name(&self) -> String {
        let units = match self.units {
            Units::Rows => 'r',
            Units::Range => 'v',
            Units::Groups => 'g',
        };
        let order: String = self
            .order
            .iter()
            .map(|key| match key {
                (false, false) => 'a',
                (false, true) => 'b',
                (true, false) => 'c',
                (true, true) => 'd',
            })
            .collect();
        let exclusion = self.exclusion.map_or('-', Exclusion::letter);
        let filter = if self.filter { 'f' } else { '-' };
        let (start, end) = (self.start.letter(), self.end.letter());
        format!("{}{MARK}{units}{start}{end}{exclusion}{filter}{order},{}", self.function, self.args)
    }

    /// What a name carries; `None` for a plain name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        let (function, rest) = name.split_once(MARK)?;
        let (frame, args) = rest.split_once(',')?;
        let mut letters = frame.chars();
        let units = match letters.next()? {
            'r' => Units::Rows,
            'v' => Units::Range,
            'g' => Units::Groups,
            _ => return None,
        };
        let start = Bound::of_letter(letters.next()?)?;
        let end = Bound::of_letter(letters.next()?)?;
        let exclusion = Exclusion::of_letter(letters.next()?);
        let filter = letters.next()? == 'f';
        let key = |letter| match letter {
            'a' => Some((false, false)),
            'b' => Some((false, true)),
            'c' => Some((true, false)),
            'd' => Some((true, true)),
            _ => None,
        };
        let order = letters.map(key).collect::<Option<Vec<_>>>()?;
        Some(Self {
            function: function.to_owned(),
            args: args.parse().ok()?,
            filter,
            units,
            start,
            end,
            exclusion,
            order,
        })
    }

    /// Where the filter stands among the arguments.
    #[must_use]
    pub fn filter_at(&self) -> Option<usize> {
        self.filter.then_some(self.args)
    }

    /// Where the offset of the frame's start stands among the arguments.
    #[must_use]
    pub fn start_at(&self) -> Option<usize> {
        self.start.has_offset().then_some(self.args + usize::from(self.filter))
    }

    /// Where the offset of the frame's end stands among the arguments.
    #[must_use]
    pub fn end_at(&self) -> Option<usize> {
        let start = usize::from(self.start.has_offset());
        self.end.has_offset().then_some(self.args + usize::from(self.filter) + start)
    }

    /// Where the ORDER BY columns begin among the arguments.
    #[must_use]
    pub fn order_at(&self) -> usize {
        let offsets = usize::from(self.start.has_offset()) + usize::from(self.end.has_offset());
        self.args + usize::from(self.filter) + offsets
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spec_survives_its_name() {
        let spec = FrameSpec {
            function: "sum".to_owned(),
            args: 1,
            filter: true,
            units: Units::Groups,
            start: Bound::Preceding,
            end: Bound::Following,
            exclusion: Some(Exclusion::Ties),
            order: vec![(true, false), (false, true)],
        };
        assert_eq!(FrameSpec::of_name(&spec.to_name()), Some(spec));
        assert_eq!(FrameSpec::of_name("sum"), None);
    }
}
