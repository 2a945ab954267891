//! Why a schema allows no value: a few of its keywords that contradict each other.
//!
//! This is delta debugging (Zeller and Hildebrandt 2002) by single keywords. A schema and a judge of
//! schemas are all it knows, so it holds for whatever the judge calls satisfiable.

use serde_json::Value;

use super::json::unescape;

/// The most schemas that the judge is asked about; what is left then may not be minimal.
const TRIALS: usize = 2_000;

/// The keywords that no value conforms to together: those of `keywords` that are left when all are
/// taken away, one by one, without which there is still no value.
///
/// `keywords` are JSON pointers into the schema, outer ones before what they hold. A keyword that
/// holds others that are left is not named itself. What stands below `not`, `if` or `oneOf` is taken
/// away with these alone: without a part of itself a condition is another, and the schema may allow
/// less. Empty where the schema is satisfiable.
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
    let mut left = schema.clone();
    let mut trials = TRIALS;
    let turning: Vec<&String> = keywords.iter().filter(|at| turns_round(at)).collect();
    let is_within =
        |at: &str, outer: &str| at.strip_prefix(outer).is_some_and(|rest| rest.starts_with('/'));
    let whole: Vec<&String> =
        keywords.iter().filter(|at| !turning.iter().any(|outer| is_within(at, outer))).collect();
    // Without one keyword another may have become needless: `not` turns things around.
    while let Some(less) = pass(&left, &whole, &mut trials, is_satisfiable) {
        left = less;
    }
    let there: Vec<&String> = whole.into_iter().filter(|at| left.pointer(at).is_some()).collect();
    let holds_others = |at: &str| there.iter().any(|other| is_within(other, at));
    there.iter().filter(|at| !holds_others(at)).map(|at| (*at).clone()).collect()
}

/// Whether to allow less in a keyword's schemas may be to allow more.
fn turns_round(keyword: &str) -> bool {
    matches!(keyword.rsplit('/').next(), Some("not" | "if" | "oneOf"))
}

/// The schema without every keyword that it can do without; `None` where it needs all.
fn pass(
    schema: &Value,
    keywords: &[&String],
    trials: &mut usize,
    is_satisfiable: &mut dyn FnMut(&Value) -> bool,
) -> Option<Value> {
    let mut left: Option<Value> = None;
    for keyword in keywords {
        let Some(less) = without(left.as_ref().unwrap_or(schema), keyword) else { continue };
        if *trials == 0 {
            break;
        }
        *trials -= 1;
        if !is_satisfiable(&less) {
            left = Some(less);
        }
    }
    left
}

/// The schema without a member; `None` where there is none by this pointer.
fn without(schema: &Value, pointer: &str) -> Option<Value> {
    let (parent, key) = pointer.rsplit_once('/')?;
    let key = unescape(key)?;
    schema.pointer(parent)?.get(&*key)?;
    let mut less = schema.clone();
    less.pointer_mut(parent)?.as_object_mut()?.shift_remove(&key)?;
    Some(less)
}

#[cfg(test)]
mod tests {
    //! Contradictions are found, among keywords that have nothing to do with them.

    use serde_json::json;

    use super::*;

    /// Every pointer to a member, outer ones first.
    fn members(value: &Value, at: &str, found: &mut Vec<String>) {
        let Value::Object(object) = value else { return };
        for (key, value) in object {
            let pointer = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
            found.push(pointer.clone());
            members(value, &pointer, found);
        }
    }

    /// A judge of two rules: numbers need room, and what is required must be allowed.
    fn judge(schema: &Value) -> bool {
        let number = |key: &str| schema.get(key).and_then(Value::as_i64);
        let has_room = match (number("minimum"), number("maximum")) {
            (Some(low), Some(high)) => low <= high,
            _ => true,
        };
        let required = schema.get("required").and_then(Value::as_str);
        let is_met = required.is_none_or(|name| {
            let property = schema.get("properties").and_then(|all| all.get(name));
            property.is_none_or(judge)
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
            if !is_left && let Some(less) = without(&left, keyword) {
                left = less;
            }
        }
        assert!(expected.is_empty() || !judge(&left), "{left} contradicts itself");
        for keyword in &found {
            let less = without(&left, keyword).unwrap();
            assert!(judge(&less), "{less} has a value, so {keyword} matters");
        }
    }

    #[test]
    fn contradictions_are_minimal() {
        let range = json!({"minimum": 5, "title": "none", "maximum": 3});
        check(&range, &["/minimum", "/maximum"]);
        check(&json!({"minimum": 3, "maximum": 5}), &[]);
        check(&json!({"not": {}}), &["/not"]);
        check(&json!({"not": {"title": "", "minimum": 1}, "maximum": 2}), &["/not"]);
        let inner = json!({"required": "a/b", "properties": {"x": range, "a/b": range}});
        let expected = ["/required", "/properties/a~1b/minimum", "/properties/a~1b/maximum"];
        check(&inner, &expected);
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

    #[test]
    fn trials_are_limited() {
        let all: Value = (0..5_000)
            .map(|key| (key.to_string(), json!(0)))
            .collect::<serde_json::Map<_, _>>()
            .into();
        let mut keywords = Vec::new();
        members(&all, "", &mut keywords);
        let mut asked = 0;
        let found = conflict(&all, &keywords, &mut |_| {
            asked += 1;
            asked > 1
        });
        assert_eq!((asked, found.len()), (TRIALS + 1, 5_000));
    }
}
