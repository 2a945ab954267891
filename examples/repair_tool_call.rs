//! Reads the call out of a reply that is not quite one, and says whether it may be run.

#![allow(clippy::print_stdout, reason = "it prints its results")]

use serde_json::json;
use tokenrail::grammar::{ToolFault, ToolSet};
use tokenrail::repair::{Options, repair_tool_calls};
use tokenrail::schema;

const REPLY: &str = "<think>They want the weather.</think>I look.
<tool_call>
{'name': 'weather', 'arguments': {'city': 'Oslo', \"days\": \"3\",}}
</tool_call>";

fn main() -> Result<(), ToolFault> {
    let tools = json!([{"name": "weather", "parameters": {"type": "object", "properties": {
        "city": {"type": "string"}, "days": {"type": "integer"},
    }}}]);
    let (tools, _) = ToolSet::read(&tools, &schema::Options::default())?;
    let found = repair_tool_calls(REPLY, &tools, &Options::default());
    for call in &found.calls {
        let arguments = call.arguments.as_deref().unwrap_or("nothing");
        println!("{} with {arguments}, may be run: {}", call.name, call.executable);
    }
    for edit in &found.report.edits {
        let (rule, class) = (edit.rule.name(), edit.class.name());
        println!("{rule} {} {:?} -> {:?} ({class})", edit.pointer, edit.was, edit.now);
    }
    Ok(())
}
