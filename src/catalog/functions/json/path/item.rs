//! What a path finds: a part of the document, a value that was made, or a moment.

use std::borrow::Cow;
use std::rc::Rc;

use super::moment::Moment;
use crate::types::json::{Json, Kind};

/// An item of a sequence.
#[derive(Clone)]
pub(super) enum Item<'a> {
    /// A part of the document or of the variables.
    Part(&'a Json<'a>),
    /// A value that was made, with its number among the objects that were (0 for others).
    Made(Rc<Json<'a>>, i64),
    /// A date or time.
    Moment(Moment),
}

impl<'a> Item<'a> {
    pub fn made(kind: Kind<'a>) -> Self {
        Self::Made(Rc::new(Json::made(kind)), 0)
    }

    pub fn number(text: impl Into<String>) -> Self {
        Self::made(Kind::Number(Cow::Owned(text.into())))
    }

    pub fn string(text: impl Into<String>) -> Self {
        Self::made(Kind::String(Cow::Owned(text.into())))
    }

    /// The value; a moment has none.
    pub fn json(&self) -> Option<&Json<'a>> {
        match self {
            Self::Part(json) => Some(json),
            Self::Made(json, _) => Some(json),
            Self::Moment(_) => None,
        }
    }

    pub fn is_array(&self) -> bool {
        self.json().is_some_and(|json| matches!(json.kind, Kind::Array(_)))
    }

    pub fn is_object(&self) -> bool {
        self.json().is_some_and(|json| matches!(json.kind, Kind::Object(_)))
    }

    /// The number's text.
    pub fn digits(&self) -> Option<&str> {
        match &self.json()?.kind {
            Kind::Number(text) => Some(text),
            _ => None,
        }
    }

    /// The string.
    pub fn text(&self) -> Option<&str> {
        match &self.json()?.kind {
            Kind::String(text) => Some(text),
            _ => None,
        }
    }

    /// An array's elements, an object's values in their order; none of others.
    pub fn children(&self) -> Vec<Item<'a>> {
        match self {
            Self::Part(json) => match &json.kind {
                Kind::Array(elements) => elements.iter().map(Item::Part).collect(),
                _ => json.members().into_iter().map(|(_, value)| Item::Part(value)).collect(),
            },
            Self::Made(json, _) => {
                let copy = |json: &Json<'a>| Item::Made(Rc::new(json.clone()), 0);
                match &json.kind {
                    Kind::Array(elements) => elements.iter().map(copy).collect(),
                    _ => json.members().into_iter().map(|(_, value)| copy(value)).collect(),
                }
            }
            Self::Moment(_) => Vec::new(),
        }
    }

    /// An object's member.
    pub fn member(&self, key: &str) -> Option<Item<'a>> {
        match self {
            Self::Part(json) => json.member(key).map(Item::Part),
            Self::Made(json, _) => json.member(key).map(|value| Item::Made(Rc::new(value.clone()), 0)),
            Self::Moment(_) => None,
        }
    }

    /// What `type()` calls it.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Moment(moment) => moment.kind.type_name(),
            other => other.json().map_or("null", Json::type_name),
        }
    }

    /// The value as json of its own.
    pub fn to_json(&self) -> Json<'a> {
        match self {
            Self::Part(json) => (*json).clone(),
            Self::Made(json, _) => json.as_ref().clone(),
            Self::Moment(moment) => Json::made(Kind::String(Cow::Owned(moment.text()))),
        }
    }
}
