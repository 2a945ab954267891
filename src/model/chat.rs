//! Chat templates: a conversation becomes the prompt a model was trained on.
//!
//! Templates come from strangers' files, so rendering has a fuel limit and sees nothing but the
//! conversation and the special tokens' names: no clock, no files, no environment.

use std::fmt;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Value;
use minijinja::{Environment, Error, ErrorKind, State, context};
use minijinja_contrib::pycompat::unknown_method_callback;

use super::ModelError;

const NAME: &str = "chat";
/// Steps of the template engine; SmolLM2's template takes about 30 a message.
const FUEL: u64 = 10_000_000;

/// A compiled Jinja chat template.
///
/// ```
/// use tokenrail::model::{ChatTemplate, Message};
///
/// let source = "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}\
///               {% if add_generation_prompt %}<assistant>{% endif %}";
/// let template = ChatTemplate::compile(source, "<s>", "</s>")?;
/// assert_eq!(template.render(&[Message::user("hi")])?, "<user>hi<assistant>");
/// # Ok::<(), tokenrail::model::ModelError>(())
/// ```
pub struct ChatTemplate {
    environment: Environment<'static>,
    bos: String,
    eos: String,
}

/// One turn of a conversation.
///
/// ```
/// use tokenrail::model::Message;
///
/// let example = Message { role: "assistant".to_owned(), content: "4".to_owned() };
/// let turns = [Message::system("Only digits."), Message::user("2+2?"), example];
/// assert_eq!(turns[1].role, "user");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Who speaks: `system`, `user` or `assistant`.
    pub role: String,
    /// What is said.
    pub content: String,
}

impl Message {
    /// Makes a turn of the user, in the role `user`.
    ///
    /// ```
    /// use tokenrail::model::Message;
    ///
    /// assert_eq!(Message::user("hi").role, "user");
    /// ```
    #[must_use]
    pub fn user(content: impl Into<String>) -> Self {
        Self { role: "user".to_owned(), content: content.into() }
    }

    /// Makes the system's instructions, which most templates want as the first turn.
    ///
    /// ```
    /// use tokenrail::model::Message;
    ///
    /// assert_eq!(Message::system("Be brief.").role, "system");
    /// ```
    #[must_use]
    pub fn system(content: impl Into<String>) -> Self {
        Self { role: "system".to_owned(), content: content.into() }
    }
}

/// The rest of a conversation around a prompt, which is a user's turn in it.
///
/// ```
/// use tokenrail::model::Chat;
/// use tokenrail::score::Options;
///
/// let chat = Chat { system: Some("Answer with one word.".into()), prefill: "Answer:".into() };
/// let options = Options { chat: Some(chat), ..Options::default() };
/// assert!(options.unconditional.is_none(), "the chat wraps the prompt alone");
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chat {
    /// The system's instructions, where the template's own are not wanted.
    pub system: Option<String>,
    /// What the assistant's turn begins with, before what is scored or generated.
    pub prefill: String,
}

impl Chat {
    /// The prompt as a user's turn, the begin of the assistant's, and the prefill behind it: a
    /// template would end the assistant's turn after a prefill given as a message.
    ///
    /// # Errors
    /// [`ModelError::Template`] when the template refuses the conversation.
    pub fn render(&self, template: &ChatTemplate, prompt: &str) -> Result<String, ModelError> {
        let system = self.system.iter().map(Message::system);
        let messages: Vec<Message> = system.chain([Message::user(prompt)]).collect();
        Ok(format!("{}{}", template.render(&messages)?, self.prefill))
    }
}

impl ChatTemplate {
    /// Compiles a template; `bos` and `eos` are what it sees as `bos_token` and `eos_token`.
    ///
    /// # Errors
    /// [`ModelError::Template`] with the line.
    ///
    /// ```
    /// use tokenrail::model::ChatTemplate;
    ///
    /// let template = ChatTemplate::compile("{{ bos_token }}", "<s>", "</s>")?;
    /// assert_eq!(template.render(&[])?, "<s>");
    /// assert!(ChatTemplate::compile("{% for", "<s>", "</s>").is_err());
    /// # Ok::<(), tokenrail::model::ModelError>(())
    /// ```
    pub fn compile(source: &str, bos: &str, eos: &str) -> Result<Self, ModelError> {
        let mut environment = Environment::new();
        environment.set_syntax(syntax()?);
        environment.set_fuel(Some(FUEL));
        environment.set_unknown_method_callback(python_method);
        environment.add_function("raise_exception", raise_exception);
        environment.add_template_owned(NAME, source.to_owned()).map_err(template_error)?;
        Ok(Self { environment, bos: bos.to_owned(), eos: eos.to_owned() })
    }

    /// Renders a conversation up to where the assistant's next turn begins.
    ///
    /// # Errors
    /// [`ModelError::Template`] when the template refuses the conversation, needs something it
    /// is not given, or runs for too long.
    ///
    /// ```
    /// use tokenrail::model::{ChatTemplate, Message};
    ///
    /// let source = "{% if messages[0].role == 'system' %}\
    ///               {{ raise_exception('no system turn') }}{% endif %}ok";
    /// let template = ChatTemplate::compile(source, "<s>", "</s>")?;
    /// assert_eq!(template.render(&[Message::user("hi")])?, "ok");
    /// assert!(template.render(&[Message::system("Be brief.")]).is_err());
    /// # Ok::<(), tokenrail::model::ModelError>(())
    /// ```
    pub fn render(&self, messages: &[Message]) -> Result<String, ModelError> {
        let template = self.environment.get_template(NAME).map_err(template_error)?;
        let messages: Vec<Value> = messages
            .iter()
            .map(|message| context! { role => message.role.as_str(), content => message.content.as_str() })
            .collect();
        let scope = context! {
            messages,
            add_generation_prompt => true,
            bos_token => self.bos.as_str(),
            eos_token => self.eos.as_str(),
        };
        template.render(scope).map_err(template_error)
    }
}

impl fmt::Debug for ChatTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChatTemplate").finish_non_exhaustive()
    }
}

/// White space as the `transformers` library has it.
fn syntax() -> Result<SyntaxConfig, ModelError> {
    SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build().map_err(template_error)
}

/// The function that templates of the `transformers` library call to refuse a conversation.
fn raise_exception(message: &str) -> Result<Value, Error> {
    Err(Error::new(ErrorKind::InvalidOperation, message.to_owned()))
}

/// The methods of Python's values. The engine charges for a text when it is made, but a width in a
/// format can make one larger than the memory: numbers in formats are paid for before.
fn python_method(
    state: &mut State<'_, '_>,
    value: &Value,
    name: &str,
    args: &[Value],
) -> Result<Value, Error> {
    if name == "format"
        && let Some(format) = value.as_str()
    {
        let numbers = format.split(|char: char| !char.is_ascii_digit());
        let numbers = numbers.filter(|digits| !digits.is_empty());
        let widths = numbers.map(|digits| digits.parse().unwrap_or(u64::MAX));
        state.consume_fuel(widths.fold(0, u64::saturating_add))?;
    }
    unknown_method_callback(state, value, name, args)
}

fn template_error(error: Error) -> ModelError {
    ModelError::Template(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(source: &str, expected: Result<&str, &str>) {
        let messages = [Message::system(" be brief "), Message::user("hi")];
        let rendered =
            ChatTemplate::compile(source, "<s>", "</s>").and_then(|t| t.render(&messages));
        match (rendered, expected) {
            (Ok(text), Ok(expected)) => assert_eq!(text, expected, "{source}"),
            (Err(error), Err(part)) => {
                assert!(error.to_string().contains(part), "{source}: {error}")
            }
            (other, _) => panic!("{source}: {other:?}, expected {expected:?}"),
        }
    }

    #[test]
    fn templates_as_models_write_them() {
        check("{{ bos_token }}{{ messages[0]['content'].strip() }}", Ok("<s>be brief"));
        check(
            "{% for m in messages %}\n  {% if m.role == 'user' %}\n{{ m.content }}\n{% endif %}\n{% endfor %}",
            Ok("hi\n"),
        );
        check(
            "{% set ns = namespace(n=0) %}{% for m in messages %}{% set ns.n = ns.n + 1 %}{% endfor %}{{ ns.n }}",
            Ok("2"),
        );
        check("{{ '{:>4}|{:.2f}'.format(7, 0.5) }}", Ok("   7|0.50"));
        for format in ["{:99999999999}", "{:<99999999999}", "{:.99999999999f}", "{:09999999999}"] {
            check(&format!("{{{{ '{format}'.format(1) }}}}"), Err("fuel"));
        }
        check("{{ '%99999999999d'|format(1) }}", Err("fuel"));
        check("{{ '{:99999999999999999999999}'.format(1) }}", Err("fuel"));
        check("{{ raise_exception('no system turn') }}", Err("no system turn"));
        check("{% if tools is defined and tools %}x{% else %}y{% endif %}", Ok("y"));
        check("{{ strftime_now('%d') }}", Err("strftime_now"));
        check("{% for", Err("chat"));
        check(
            "{% for i in range(9000) %}{% for j in range(9000) %}{{ j }}{% endfor %}{% endfor %}",
            Err("fuel"),
        );
    }
}
