//! Why a schema allows no value: a few of its keywords that contradict each other.
//!
//! This is delta debugging (Zeller and Hildebrandt 2002) by single keywords. A schema and a judge of
//! schemas are all it knows, so it holds for whatever the judge calls satisfiable.

use serde_json::Value;

use super::json::unescape;

/// The most values that there are in all schemas that the judge is asked about; what is left then may
/// not be minimal.
const WORK: usize = 1 << 21;

/// The keywords that no value conforms to together: those of `keywords` that are left when all are
/// taken away without which there is still no value.
///
/// `keywords` are JSON pointers into the schema, outer ones before what they hold. A keyword that
/// holds others that are left is not named itself. To allow more, and never less:
/// what stands below `not`, `if` or `oneOf` is taken away with these alone, as without a part of itself
/// a condition is another; and of keywords that tell which members and items others speak of, as
/// `properties` tells it to `additionalProperties`, what they say is taken away, and the names stay.
/// Empty where the schema is satisfiable.
///
/// Law, held by a test here: without any one of the keywords that are left there is a value.
///
/// ```
/// use serde_json::json;
/// use tokenrail::schema::conflict;
///
/// let schema = json!({"title": "None", "minimum": 5, "maximum": 3});
/// let keywords = ["/title", "/minimum", "/maximum"].map(str::to_owned);
/// let mut judge = |schema: &serde_json::Value| {
///     schema.get("minimum").is_none() || schema.get("maximum").is_none()
/// };
/// assert_eq!(conflict(&schema, &keywords, &mut judge), ["/minimum", "/maximum"]);
/// ```
#[must_use]
pub fn conflict(
    schema: &Value,
    keywords: &[String],
    is_satisfiable: &mut dyn FnMut(&Value) -> bool,
) -> Vec<String> {
    if is_satisfiable(schema) {
        return Vec::new();
    }
    let turning: Vec<&String> = keywords.iter().filter(|at| turns_round(at)).collect();
    let is_within =
        |at: &str, outer: &str| at.strip_prefix(outer).is_some_and(|rest| rest.starts_with('/'));
    let mut search = Search { left: schema.clone(), work: WORK, is_satisfiable };
    let mut there: Vec<&String> =
        keywords.iter().filter(|at| !turning.iter().any(|outer| is_within(at, outer))).collect();
    // Without one keyword another may have become needless: `not` turns things around.
    loop {
        let before = search.work;
        let is_less = search.narrow(&there);
        there.retain(|at| less(&search.left, at).is_some());
        if !is_less || search.work == before {
            break;
        }
    }
    let holds_others = |at: &str| there.iter().any(|other| is_within(other, at));
    there.iter().filter(|at| !holds_others(at)).map(|at| (*at).clone()).collect()
}

/// Whether to allow less in a keyword's schemas may be to allow more.
fn turns_round(keyword: &str) -> bool {
    matches!(keyword.rsplit('/').next(), Some("not" | "if" | "oneOf"))
}

/// A schema of which ever more is taken away.
struct Search<'j> {
    /// Invariant: no value conforms.
    left: Value,
    /// How many values the judge may still look at.
    work: usize,
    is_satisfiable: &'j mut dyn FnMut(&Value) -> bool,
}

impl Search<'_> {
    /// Takes away what the schema can do without of some keywords: all of them at once, or else of
    /// either half. Whether it was any.
    fn narrow(&mut self, keywords: &[&String]) -> bool {
        let mut trial = self.left.clone();
        let taken = keywords.iter().filter(|keyword| take(&mut trial, keyword)).count();
        let size = size(&trial);
        if taken == 0 || self.work < size {
            return false;
        }
        self.work -= size;
        if !(self.is_satisfiable)(&trial) {
            self.left = trial;
            return true;
        }
        if keywords.len() < 2 {
            return false;
        }
        let (first, second) = keywords.split_at(keywords.len() / 2);
        let is_less = self.narrow(first);
        self.narrow(second) || is_less
    }
}

/// Takes away what a keyword says. Whether it said anything.
fn take(schema: &mut Value, pointer: &str) -> bool {
    let Some(less) = less(schema, pointer) else { return false };
    match (less, schema.pointer_mut(pointer)) {
        (Some(less), Some(value)) => *value = less,
        _ => return remove(schema, pointer).is_some(),
    }
    true
}

/// Takes a value out of a document; `None` where the pointer leads nowhere.
fn remove(schema: &mut Value, pointer: &str) -> Option<Value> {
    let (parent, key) = pointer.rsplit_once('/')?;
    schema.pointer_mut(parent)?.as_object_mut()?.shift_remove(&*unescape(key)?)
}

/// The value with which a keyword says nothing, and keeps the names that others speak of: `None` within
/// where it is to be removed, and outside where there is nothing to take away.
fn less(schema: &Value, pointer: &str) -> Option<Option<Value>> {
    let value = schema.pointer(pointer)?;
    let any = || Value::Object(serde_json::Map::new());
    let less = match (pointer.rsplit('/').next()?, value) {
        ("properties" | "patternProperties", Value::Object(members)) => {
            members.keys().map(|name| (name.clone(), any())).collect()
        }
        ("prefixItems" | "items", Value::Array(items)) => items.iter().map(|_| any()).collect(),
        ("items" | "additionalItems" | "additionalProperties", _) => any(),
        ("minContains", _) => Value::from(0),
        _ => return Some(None),
    };
    (less != *value).then_some(Some(less))
}

/// How many values there are in one.
fn size(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(size).sum(),
        Value::Object(members) => members.values().map(size).sum(),
        _ => 0,
    }
}
#[cfg(test)]
mod tests {
    //! Contradictions are found, among keywords that have nothing to do with them.

    use serde_json::json;

    use super::*;

    /// Every pointer to a keyword, outer ones first.
    fn members(value: &Value, at: &str, found: &mut Vec<String>) {
        let Value::Object(object) = value else { return };
        for (key, value) in object {
            let pointer = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
            if !at.ends_with("/properties") {
                found.push(pointer.clone());
            }
            members(value, &pointer, found);
        }
    }

    /// A judge of two rules: numbers need room, and what is required must be allowed.
    fn judge(schema: &Value) -> bool {
        if let Some(always) = schema.as_bool() {
            return always;
        }
        let number = |key: &str| schema.get(key).and_then(Value::as_i64);
        let has_room = match (number("minimum"), number("maximum")) {
            (Some(low), Some(high)) => low <= high,
            _ => true,
        };
        let required = schema.get("required").and_then(Value::as_str);
        let is_met = required.is_none_or(|name| {
            let property = schema.get("properties").and_then(|all| all.get(name));
            property.or_else(|| schema.get("additionalProperties")).is_none_or(judge)
        });
        has_room && is_met && schema.get("not").is_none_or(|inner| !judge(inner))
    }

    fn check(schema: &Value, expected: &[&str]) {
        let mut keywords = Vec::new();
        members(schema, "", &mut keywords);
        let found = conflict(schema, &keywords, &mut judge);
        assert_eq!(found, expected, "{schema}");
        let mut left = schema.clone();
        for keyword in keywords.iter().rev() {
            let is_left =
                found.iter().any(|at| format!("{at}/").starts_with(&format!("{keyword}/")));
            if !is_left {
                take(&mut left, keyword);
            }
        }
        assert!(expected.is_empty() || !judge(&left), "{left} contradicts itself");
        for keyword in &found {
            let mut less = left.clone();
            assert!(take(&mut less, keyword) && judge(&less), "{less}: {keyword} matters");
        }
    }

    fn range() -> Value {
        json!({"minimum": 5, "title": "none", "maximum": 3})
    }

    #[test]
    fn contradictions_are_minimal() {
        let range = range();
        check(&range, &["/minimum", "/maximum"]);
        check(&json!({"minimum": 3, "maximum": 5}), &[]);
        check(&json!({"not": {}}), &["/not"]);
        check(&json!({"not": {"title": "", "minimum": 1}, "maximum": 2}), &["/not"]);
        let inner = json!({"required": "a/b", "properties": {"x": range, "a/b": range}});
        let expected = ["/required", "/properties/a~1b/minimum", "/properties/a~1b/maximum"];
        check(&inner, &expected);
    }

    #[test]
    fn what_others_speak_of_stays() {
        let closed =
            json!({"properties": {"a": range()}, "required": "a", "additionalProperties": false});
        let expected = ["/properties/a/minimum", "/properties/a/maximum", "/required"];
        check(&closed, &expected);
        let other =
            json!({"properties": {"b": {}}, "required": "a", "additionalProperties": false});
        check(&other, &["/required", "/additionalProperties"]);
        check(&json!({"properties": {"a": false}, "required": "a"}), &["/properties", "/required"]);
    }

    #[test]
    fn conditions_are_taken_whole() {
        let schema = json!({"if": {"type": "string"}, "then": false, "else": false, "title": ""});
        let keywords = ["/if", "/if/type", "/then", "/else", "/title"].map(str::to_owned);
        let mut judge = |schema: &Value| {
            let (holds, fails) = (schema["if"]["type"].is_null(), schema["if"].is_null());
            let then = schema["then"] == json!(false);
            fails || !then || !holds && schema["else"] != json!(false)
        };
        assert_eq!(conflict(&schema, &keywords, &mut judge), ["/if", "/then", "/else"]);
    }

    /// The keywords of an object of so many, with how often the judge was asked.
    fn asked(count: usize, judge: impl Fn(&Value) -> bool) -> (Vec<String>, usize) {
        let all: Value = (0..count)
            .map(|key| (key.to_string(), json!(0)))
            .collect::<serde_json::Map<_, _>>()
            .into();
        let mut keywords = Vec::new();
        members(&all, "", &mut keywords);
        let mut asked = 0;
        let found = conflict(&all, &keywords, &mut |schema| {
            asked += 1;
            asked > 1 && judge(schema)
        });
        (found, asked)
    }

    #[test]
    fn trials_are_limited() {
        let (found, trials) = asked(5_000, |_| true);
        assert!(found.len() == 5_000 && trials < 1_000, "{trials}");
        let (found, trials) =
            asked(5_000, |schema| schema.get("17").is_none() || schema.get("4321").is_none());
        assert!(found == ["/17", "/4321"] && trials < 100, "{trials}");
    }
}
