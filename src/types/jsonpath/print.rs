//! A path as text, with the brackets and quotes PostgreSQL prints.

use super::{JsonPath, LAST_LEVEL, Node, Op, Path};
use crate::error::Result;
use crate::types::json::string;

impl JsonPath {
    /// The text `jsonpath` prints.
    ///
    /// # Errors
    ///
    /// None today; numbers were read before.
    pub fn print(&self) -> Result<String> {
        let mut out = String::from(if self.strict { "strict " } else { "" });
        path(&self.expr, true, &mut out);
        Ok(out)
    }
}

fn path(nodes: &Path, brackets: bool, out: &mut String) {
    for (at, step) in nodes.iter().enumerate() {
        let inside = at > 0;
        node(step, inside, if inside { true } else { brackets }, nodes.len() > at + 1, out);
    }
}

/// How tightly an item binds.
fn priority(nodes: &Path) -> u8 {
    match nodes.first() {
        Some(Node::Binary(op, ..)) => op_priority(*op),
        Some(Node::Plus(_) | Node::Minus(_)) => 5,
        _ => 6,
    }
}

fn op_priority(op: Op) -> u8 {
    match op {
        Op::Or => 0,
        Op::And => 1,
        Op::Add | Op::Sub => 3,
        Op::Mul | Op::Div | Op::Mod => 4,
        _ => 2,
    }
}

fn bracketed(open: bool, out: &mut String, body: impl FnOnce(&mut String)) {
    out.push_str(if open { "(" } else { "" });
    body(out);
    out.push_str(if open { ")" } else { "" });
}

fn node(node: &Node, inside: bool, brackets: bool, has_next: bool, out: &mut String) {
    match node {
        Node::Null => out.push_str("null"),
        Node::String(text) => string(text, out),
        Node::Number(text) => bracketed(has_next, out, |out| out.push_str(text)),
        Node::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Node::Root => out.push('$'),
        Node::Current => out.push('@'),
        Node::Last => out.push_str("last"),
        Node::Variable(name) => {
            out.push('$');
            string(name, out);
        }
        Node::Binary(op, left, right) => bracketed(brackets, out, |out| {
            let own = op_priority(*op);
            path(left, priority(left) <= own, out);
            out.push(' ');
            out.push_str(op.symbol());
            out.push(' ');
            path(right, priority(right) <= own, out);
        }),
        Node::Not(inner) => wrapped("!(", inner, ")", out),
        Node::IsUnknown(inner) => wrapped("(", inner, ") is unknown", out),
        Node::Exists(inner) => wrapped("exists (", inner, ")", out),
        Node::Filter(inner) => wrapped("?(", inner, ")", out),
        Node::Plus(inner) | Node::Minus(inner) => bracketed(brackets, out, |out| {
            out.push(if matches!(node, Node::Plus(_)) { '+' } else { '-' });
            path(inner, priority(inner) <= 5, out);
        }),
        Node::LikeRegex(inner, pattern, flags) => bracketed(brackets, out, |out| {
            path(inner, priority(inner) <= 6, out);
            out.push_str(" like_regex ");
            string(pattern, out);
            let set = [(flags.ignore_case, 'i'), (flags.dot_all, 's'), (flags.multi_line, 'm'), (flags.literal, 'q')];
            if set.iter().any(|(on, _)| *on) {
                out.push_str(" flag \"");
                out.extend(set.iter().filter(|(on, _)| *on).map(|(_, letter)| *letter));
                out.push('"');
            }
        }),
        accessor => self::accessor(accessor, inside, out),
    }
}

fn wrapped(before: &str, inner: &Path, after: &str, out: &mut String) {
    out.push_str(before);
    path(inner, false, out);
    out.push_str(after);
}

fn accessor(node: &Node, inside: bool, out: &mut String) {
    let dot = if inside { "." } else { "" };
    match node {
        Node::Key(key) => {
            out.push_str(dot);
            string(key, out);
        }
        Node::AnyKey => {
            out.push_str(dot);
            out.push('*');
        }
        Node::AnyArray => out.push_str("[*]"),
        Node::Index(items) => {
            out.push('[');
            for (at, (from, to)) in items.iter().enumerate() {
                out.push_str(if at > 0 { "," } else { "" });
                path(from, false, out);
                if let Some(to) = to {
                    out.push_str(" to ");
                    path(to, false, out);
                }
            }
            out.push(']');
        }
        Node::Any(first, last) => {
            out.push_str(dot);
            let level = |n: u32| if n == LAST_LEVEL { "last".to_owned() } else { n.to_string() };
            match (*first, *last) {
                (0, LAST_LEVEL) => out.push_str("**"),
                (a, b) if a == b => out.push_str(&format!("**{{{}}}", level(a))),
                (a, b) => out.push_str(&format!("**{{{} to {}}}", level(a), level(b))),
            }
        }
        Node::Method(method) => out.push_str(&format!(".{}()", method.name())),
        Node::Datetime(template) => {
            out.push_str(".datetime(");
            if let Some(template) = template {
                string(template, out);
            }
            out.push(')');
        }
        Node::Decimal(precision, scale) => {
            let list: Vec<&str> = [precision, scale].into_iter().flatten().map(String::as_str).collect();
            out.push_str(&format!(".decimal({})", list.join(",")));
        }
        Node::Moment(moment, precision) => {
            let precision = precision.map_or_else(String::new, |p| p.to_string());
            out.push_str(&format!(".{}({precision})", moment.name()));
        }
        _ => {}
    }
}
