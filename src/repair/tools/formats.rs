//! The notations in which models write calls of tools: what begins a call, how its body is written, what
//! ends it.
//!
//! A row is data. Of rows whose begin stands at one place the longest comes first, and the first is taken
//! whose body can begin there.
//!
//! | body | read in |
//! |---|---|
//! | objects that name tool and arguments | `objects.rs` |
//! | a name, and the arguments as JSON | `objects.rs` |
//! | arguments between tags | `tagged.rs` |
//! | calls as Python writes them | `spelled.rs` |
//! | an object whose strings have quotes of their own | `spelled.rs` |

/// A notation of calls.
#[derive(Debug)]
pub(super) struct Format {
    /// Its name in reports.
    pub(super) name: &'static str,
    /// What a call, or a list of calls, begins with.
    pub(super) open: &'static str,
    pub(super) body: Body,
    /// What may stand behind it; empty where nothing does.
    pub(super) close: &'static str,
}

/// How a call is written.
#[derive(Debug, Clone, Copy)]
pub(super) enum Body {
    /// Objects, or an array of them.
    Objects(Keys),
    /// An array of objects.
    List(Keys),
    /// A name and what separates it from the arguments, which are an object.
    Headed(&'static str),
    /// Names and values between tags.
    Tagged(&'static Tags),
    /// `f(a=1, b="x")`, one or several.
    Python,
    /// `call:f{a:1,b:<escape>x<escape>}`, with the quotes of strings.
    Delimited(&'static str),
}

/// Which members of an object say what is called.
#[derive(Debug, Clone, Copy)]
pub(super) enum Keys {
    /// The name of the tool, and those that its arguments may have.
    Named(&'static str, &'static [&'static str]),
    /// The only member's name is the tool's, and its value the arguments.
    Only,
}

/// The tags around names and values.
#[derive(Debug)]
pub(super) struct Tags {
    /// What ends the tool's name. Where there are several, the first that comes.
    pub(super) named: &'static [&'static str],
    /// What begins an argument's name, and what ends it.
    pub(super) key: [&'static str; 2],
    /// What ends an argument's value.
    pub(super) end: &'static str,
    /// What ends the call.
    pub(super) close: &'static str,
    /// What stands around a call, where anything does.
    pub(super) around: &'static [[&'static str; 2]],
    /// Whether a value stands on lines of its own.
    pub(super) lines: bool,
}

const ARGUMENTS: Keys = Keys::Named("name", &["arguments"]);
const EITHER: Keys = Keys::Named("name", &["parameters", "arguments"]);

/// `<function=f><parameter=a>1</parameter></function>`
const FUNCTION: Tags = Tags {
    named: &[">"],
    key: ["<parameter=", ">"],
    end: "</parameter>",
    close: "</function>",
    around: &[["<tool_call>", "</tool_call>"], ["<seed:tool_call>", "</seed:tool_call>"]],
    lines: true,
};

/// `f<arg_key>a</arg_key><arg_value>1</arg_value></tool_call>`
const ARG_KEYS: Tags = Tags {
    named: &["<arg_key>", "</tool_call>"],
    key: ["<arg_key>", "<arg_value>"],
    end: "</arg_value>",
    close: "</tool_call>",
    around: &[],
    lines: false,
};

/// The same with lines between.
const ARG_LINES: Tags = Tags { named: &["\n"], ..ARG_KEYS };

/// `<invoke name="f"><parameter name="a">1</parameter></invoke>`
const INVOKE: Tags = Tags {
    named: &[">"],
    key: ["<parameter name=", ">"],
    end: "</parameter>",
    close: "</invoke>",
    around: &[],
    lines: false,
};

/// The same with marks in the tags, and whether a value is a string.
const DSML: Tags = Tags {
    named: &[">"],
    key: ["<｜DSML｜parameter name=", ">"],
    end: "</｜DSML｜parameter>",
    close: "</｜DSML｜invoke>",
    around: &[],
    lines: false,
};

/// The same within a name space.
const STEPTML: Tags = Tags {
    named: &[">"],
    key: ["<steptml:parameter name=", ">"],
    end: "</steptml:parameter>",
    close: "</steptml:invoke>",
    around: &[],
    lines: false,
};

/// A row of the table.
const fn row(name: &'static str, open: &'static str, body: Body, close: &'static str) -> Format {
    Format { name, open, body, close }
}

/// All notations; of begins that begin alike the longer ones first.
pub(super) const FORMATS: [Format; 32] = [
    row("glm45", "<tool_call>", Body::Tagged(&ARG_LINES), ""),
    row("glm47", "<tool_call>", Body::Tagged(&ARG_KEYS), ""),
    row("granite3", "<|tool_call|>", Body::List(ARGUMENTS), ""),
    row("granite3", "<tool_call>", Body::List(ARGUMENTS), ""),
    row("hermes", "<tool_call>", Body::Objects(ARGUMENTS), "</tool_call>"),
    row("llama3_json", "<|python_tag|>", Body::Objects(EITHER), ""),
    row("llama31_builtin", "<|python_tag|>", Body::Python, ""),
    row("pythonic", "<|tool_call_start|>", Body::Python, "<|tool_call_end|>"),
    row("pythonic", "<function_calls>", Body::Python, "</function_calls>"),
    row("mistral_v11", "[TOOL_CALLS]", Body::Headed("[ARGS]"), ""),
    row("mistral_v3", "[TOOL_CALLS]", Body::Objects(ARGUMENTS), ""),
    row("functionary_v31", "<function=", Body::Headed(">"), "</function>"),
    row("qwen3_xml", "<function=", Body::Tagged(&FUNCTION), ""),
    row(
        "deepseek_v3",
        "<｜tool▁call▁begin｜>function<｜tool▁sep｜>",
        Body::Headed("\n"),
        "<｜tool▁call▁end｜>",
    ),
    row(
        "deepseek_v31",
        "<｜tool▁call▁begin｜>",
        Body::Headed("<｜tool▁sep｜>"),
        "<｜tool▁call▁end｜>",
    ),
    row("deepseek_dsml", "<｜DSML｜invoke name=", Body::Tagged(&DSML), ""),
    row("kimi_k2", "<|tool_call_begin|>functions.", Body::Headed(KIMI), "<|tool_call_end|>"),
    row("kimi_k2", "<|tool_call_begin|>", Body::Headed(KIMI), "<|tool_call_end|>"),
    row("minimax_m2", "<invoke name=", Body::Tagged(&INVOKE), ""),
    row("step3", "<steptml:invoke name=", Body::Tagged(&STEPTML), ""),
    row("phi4_functools", "functools", Body::Objects(ARGUMENTS), ""),
    row("jamba", "<tool_calls>", Body::Objects(ARGUMENTS), "</tool_calls>"),
    row("apertus", "<|tools_prefix|>", Body::Objects(Keys::Only), "<|tools_suffix|>"),
    row(
        "functiongemma",
        "<start_function_call>call:",
        Body::Delimited("<escape>"),
        "<end_function_call>",
    ),
    row("gemma4", "<|tool_call>call:", Body::Delimited("<|\"|>"), "<tool_call|>"),
    row("harmony", "to=functions.", Body::Headed("<|message|>"), "<|call|>"),
    row("functionary_v32", ">>>", Body::Headed("\n"), ""),
    row(
        "command_r7b",
        "<|START_ACTION|>",
        Body::Objects(Keys::Named("tool_name", &["parameters"])),
        "<|END_ACTION|>",
    ),
    row("internlm2", "<|action_start|><|plugin|>", Body::Objects(EITHER), "<|action_end|>"),
    row("internlm2", "<|action_start|> <|plugin|>", Body::Objects(EITHER), "<|action_end|>"),
    row("pythonic", "", Body::Python, ""),
    row("llama3_json", "", Body::Objects(EITHER), ""),
];

const KIMI: &str = "<|tool_call_argument_begin|>";

/// What begins and ends the thoughts of a model, wherever they stand.
pub(super) const THOUGHTS: [[&str; 2]; 6] = [
    ["<think>", "</think>"],
    ["<thinking>", "</thinking>"],
    ["<reasoning>", "</reasoning>"],
    ["[THINK]", "[/THINK]"],
    ["<|START_THINKING|>", "<|END_THINKING|>"],
    ["<|channel|>analysis", "<|end|>"],
];

/// Marks that stand around calls and say nothing themselves.
pub(super) const MARKS: [&str; 31] = [
    "<tool_calls>",
    "</tool_calls>",
    "<tool_call>",
    "</tool_call>",
    "<seed:tool_call>",
    "</seed:tool_call>",
    "<minimax:tool_call>",
    "</minimax:tool_call>",
    "<function_calls>",
    "</function_calls>",
    "<answer>",
    "</answer>",
    "<｜tool▁calls▁begin｜>",
    "<｜tool▁calls▁end｜>",
    "<｜end▁of▁sentence｜>",
    "<｜DSML｜function_calls>",
    "</｜DSML｜function_calls>",
    "<｜DSML｜tool_calls>",
    "</｜DSML｜tool_calls>",
    "<|tool_calls_section_begin|>",
    "<|tool_calls_section_end|>",
    "<｜tool_calls_begin｜>",
    "<｜tool_call_begin｜>function<｜tool_sep｜>",
    "<｜tool_call_end｜>",
    "<｜tool_calls_end｜>",
    "<|start|>assistant",
    "<|channel|>commentary",
    "<|channel|>final",
    "<|message|>",
    "<|call|>",
    ">>>all\n",
];

/// Marks that end a message.
pub(super) const ENDS: [&str; 6] =
    ["<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<|end|>", "<|return|>", "</s>"];
