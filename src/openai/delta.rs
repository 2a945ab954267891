//! The pieces of a streamed reply, put together.

use serde_json::Value;

use super::reply::{self, Choice, Reply, ToolCall};

/// A reply that grows by the chunks of its stream.
#[derive(Debug, Default)]
pub(super) struct Growing {
    pub(super) reply: Reply,
    /// For each choice the index that each of its calls was sent with.
    indices: Vec<Vec<Option<u64>>>,
}

impl Growing {
    /// Adds a chunk; gives the places of its choices with the texts that are new.
    pub(super) fn add(&mut self, chunk: &Value) -> Vec<(usize, String)> {
        self.reply.read_head(chunk);
        let mut texts = Vec::new();
        for value in chunk["choices"].as_array().into_iter().flatten().enumerate() {
            let mut new = Choice::read(value);
            let place = self.place(new.index);
            let choice = &mut self.reply.choices[place];
            choice.text.push_str(&new.text);
            choice.reasoning.push_str(&new.reasoning);
            choice.refusal.push_str(&new.refusal);
            choice.logprobs.append(&mut new.logprobs);
            choice.refusal_logprobs.append(&mut new.refusal_logprobs);
            choice.finish = new.finish.or(choice.finish.take());
            if !new.text.is_empty() {
                texts.push((new.index, new.text));
            }
            let message = if value.1["delta"].is_object() { "delta" } else { "message" };
            for call in reply::calls(&value.1[message]) {
                add_call(&mut choice.calls, &mut self.indices[place], call);
            }
        }
        texts
    }

    /// Where the choice of an index stands.
    fn place(&mut self, index: usize) -> usize {
        match self.reply.choices.binary_search_by_key(&index, |choice| choice.index) {
            Ok(place) => place,
            Err(place) => {
                self.reply.choices.insert(place, Choice { index, ..Choice::default() });
                self.indices.insert(place, Vec::new());
                place
            }
        }
    }
}

/// Adds a piece of a call to the call that it belongs to.
fn add_call(calls: &mut Vec<ToolCall>, indices: &mut Vec<Option<u64>>, piece: &Value) {
    let index = piece["index"].as_u64();
    let new = ToolCall::read(piece);
    let place = place_of(calls, indices, index, new.id.as_deref());
    let Some(call) = place.map(|place| &mut calls[place]) else {
        calls.push(new);
        indices.push(index);
        return;
    };
    call.arguments.push_str(&new.arguments);
    call.id = call.id.take().or(new.id);
    // A name comes whole, and from some servers with every piece.
    if call.name.is_empty() {
        call.name = new.name;
    }
}

/// The call that a piece belongs to: the one of its index, unless the ids say that it is another; without
/// an index, that of its id; without both, the last.
fn place_of(
    calls: &[ToolCall],
    indices: &[Option<u64>],
    index: Option<u64>,
    id: Option<&str>,
) -> Option<usize> {
    let same_id = |place: &usize| id.is_none() || calls[*place].id.as_deref() == id;
    let place = match index {
        Some(_) => indices.iter().rposition(|known| *known == index),
        None => calls.len().checked_sub(1),
    };
    let without_id = |place: &usize| index.is_some() && calls[*place].id.is_none();
    place.filter(|place| same_id(place) || without_id(place))
}
