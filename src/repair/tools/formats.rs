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
    // `<tool_call>f\n<arg_key>a</arg_key>\n<arg_value>1</arg_value>\n</tool_call>`: GLM 4.5 and 4.6.
    row("glm45", "<tool_call>", Body::Tagged(&ARG_LINES), ""),
    // The same without lines: GLM 4.7. A tool without arguments is its name between the marks.
    row("glm47", "<tool_call>", Body::Tagged(&ARG_KEYS), ""),
    // `<|tool_call|>[{"name": "f", "arguments": {}}]`: Granite 3. Nothing closes it.
    row("granite3", "<|tool_call|>", Body::List(ARGUMENTS), ""),
    row("granite3", "<tool_call>", Body::List(ARGUMENTS), ""),
    // `<tool_call>\n{"name": "f", "arguments": {}}\n</tool_call>`: Hermes, Qwen 2.5 and 3.
    row("hermes", "<tool_call>", Body::Objects(ARGUMENTS), "</tool_call>"),
    // `<|python_tag|>{"name": "f", "parameters": {}}; {…}`: Llama 3.1 to 4.
    row("llama3_json", "<|python_tag|>", Body::Objects(EITHER), ""),
    // `<|python_tag|>f.call(a="x")`: the tools that Llama 3.1 knows itself.
    row("llama31_builtin", "<|python_tag|>", Body::Python, ""),
    // `<|tool_call_start|>[f(a=1), g()]<|tool_call_end|>`: LFM 2.
    row("pythonic", "<|tool_call_start|>", Body::Python, "<|tool_call_end|>"),
    // The same on lines, without a list: Olmo 3.
    row("pythonic", "<function_calls>", Body::Python, "</function_calls>"),
    // `[TOOL_CALLS]f[ARGS]{"a": 1}`, perhaps with `[CALL_ID]…` before the arguments: Mistral since 2025.
    row("mistral_v11", "[TOOL_CALLS]", Body::Headed("[ARGS]"), ""),
    // `[TOOL_CALLS] [{"name": "f", "arguments": {}}]`: Mistral before that.
    row("mistral_v3", "[TOOL_CALLS]", Body::Objects(ARGUMENTS), ""),
    // `<function=f>{"a": 1}</function>`: Functionary for Llama 3.1.
    row("functionary_v31", "<function=", Body::Headed(">"), "</function>"),
    // `<tool_call>\n<function=f>\n<parameter=a>\n1\n</parameter>\n</function>\n</tool_call>`: Qwen 3 Coder,
    // Nemotron, Step 3.5, and Seed with marks of its own.
    row("qwen3_xml", "<function=", Body::Tagged(&FUNCTION), ""),
    // `…function<｜tool▁sep｜>f\n```json\n{"a": 1}\n```<｜tool▁call▁end｜>`: DeepSeek V3 and R1.
    row(
        "deepseek_v3",
        "<｜tool▁call▁begin｜>function<｜tool▁sep｜>",
        Body::Headed("\n"),
        "<｜tool▁call▁end｜>",
    ),
    // `<｜tool▁call▁begin｜>f<｜tool▁sep｜>{"a": 1}<｜tool▁call▁end｜>`: DeepSeek V3.1.
    row(
        "deepseek_v31",
        "<｜tool▁call▁begin｜>",
        Body::Headed("<｜tool▁sep｜>"),
        "<｜tool▁call▁end｜>",
    ),
    // `<｜DSML｜invoke name="f">`, in which tags say what is a string: DeepSeek V3.2 and V4.
    row("deepseek_dsml", "<｜DSML｜invoke name=", Body::Tagged(&DSML), ""),
    // `<|tool_call_begin|>functions.f:0<|tool_call_argument_begin|>{"a": 1}<|tool_call_end|>`: Kimi K2.
    row("kimi_k2", "<|tool_call_begin|>functions.", Body::Headed(KIMI), "<|tool_call_end|>"),
    row("kimi_k2", "<|tool_call_begin|>", Body::Headed(KIMI), "<|tool_call_end|>"),
    // `<invoke name="f"><parameter name="a">1</parameter></invoke>`: MiniMax M2.
    row("minimax_m2", "<invoke name=", Body::Tagged(&INVOKE), ""),
    // The same within the name space `steptml`: Step 3.
    row("step3", "<steptml:invoke name=", Body::Tagged(&STEPTML), ""),
    // `functools[{"name": "f", "arguments": {}}]`: Phi 4 mini.
    row("phi4_functools", "functools", Body::Objects(ARGUMENTS), ""),
    // `<tool_calls>[{"name": "f", "arguments": {}}]</tool_calls>`: Jamba, Hunyuan.
    row("jamba", "<tool_calls>", Body::Objects(ARGUMENTS), "</tool_calls>"),
    // `<|tools_prefix|>[{"f": {"a": 1}}]<|tools_suffix|>`: Apertus.
    row("apertus", "<|tools_prefix|>", Body::Objects(Keys::Only), "<|tools_suffix|>"),
    // `<start_function_call>call:f{a:<escape>x<escape>}<end_function_call>`: FunctionGemma.
    row(
        "functiongemma",
        "<start_function_call>call:",
        Body::Delimited("<escape>"),
        "<end_function_call>",
    ),
    // The same with `<|"|>` for a quote: Gemma 4.
    row("gemma4", "<|tool_call>call:", Body::Delimited("<|\"|>"), "<tool_call|>"),
    // `<|channel|>commentary to=functions.f <|constrain|>json<|message|>{"a": 1}<|call|>`: gpt-oss. The name
    // may stand before the channel.
    row("harmony", "to=functions.", Body::Headed("<|message|>"), "<|call|>"),
    // `>>>f\n{"a": 1}`: Functionary 3.2.
    row("functionary_v32", ">>>", Body::Headed("\n"), ""),
    // `<|START_ACTION|>[{"tool_call_id": "0", "tool_name": "f", "parameters": {}}]<|END_ACTION|>`: Command.
    row(
        "command_r7b",
        "<|START_ACTION|>",
        Body::Objects(Keys::Named("tool_name", &["parameters"])),
        "<|END_ACTION|>",
    ),
    // `<|action_start|><|plugin|>{"name": "f", "parameters": {}}<|action_end|>`: InternLM 2.5.
    row("internlm2", "<|action_start|><|plugin|>", Body::Objects(EITHER), "<|action_end|>"),
    row("internlm2", "<|action_start|> <|plugin|>", Body::Objects(EITHER), "<|action_end|>"),
    // `[f(a=1), g()]` as the whole reply: Llama 3.2 and 4, ToolACE.
    row("pythonic", "", Body::Python, ""),
    // `{"name": "f", "parameters": {}}` as the whole reply: small models leave the mark out.
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
