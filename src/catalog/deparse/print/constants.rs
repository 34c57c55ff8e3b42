//! Constants (`get_const_expr`).

use super::super::tree::Term;
use super::Printer;
use crate::types::oid;

/// Whether a constant says its type.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Label {
    /// Where it would be read as another one without.
    Needed,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Printer<'_> {
    pub(super) fn constant(&mut self, value: Option<&str>, term: &Term, label: Label) {
        let Some(text) = value else {
            self.push("NULL");
            if label != Label::Never {
                self.label(term);
            }
            return;
        };
        let needed = match term.ty.oid {
            oid::INT4 if !text.starts_with('-') => {
                self.push(text);
                false
            }
            oid::NUMERIC if text.starts_with(|c: char| c.is_ascii_digit()) && text.contains(['.', 'e', 'E']) => {
                self.push(text);
                term.ty.typmod >= 0
            }
            oid::BOOL => {
                self.push(if text.starts_with('t') { "true" } else { "false" });
                false
            }
            of => {
                self.quoted(text);
                of != oid::UNKNOWN
            }
        };
        if label == Label::Always || label == Label::Needed && needed {
            self.label(term);
        }
    }

    fn label(&mut self, term: &Term) {
        let name = self.type_name(term);
        self.push("::");
        self.push(&name);
    }

    /// A text in quotes.
    pub(super) fn quoted(&mut self, text: &str) {
        self.push("'");
        let doubled = text.replace('\'', "''");
        self.push(&doubled);
        self.push("'");
    }
}
