//! `tokenrail score`: one prompt and its candidates, or rewrites of a text.
//!
//! The ranking goes to standard output, as a table or with `--json` as one object; decisions about the
//! texts, such as a token that is scored again with every candidate, are said below it.

use tokenrail::model::LanguageModel;
use tokenrail::report::{Cell, Column, Cut, Heat, Table};
use tokenrail::score::{By, Candidate, Options, Outcome, Ranked, Scorer};

use crate::args::ScoreArgs;
use crate::exit::Failure;
use crate::prompt_cache::PromptCache;
use crate::{input, items, model, output, progress};

/// Ranks the candidates of one prompt; a file of items is left to [`items`].
///
/// What is wrong with the candidates is said before the model is opened.
pub(crate) fn run(args: &ScoreArgs) -> Result<(), Failure> {
    if let Some(path) = &args.items {
        return items::run(args, path);
    }
    let (prompt, candidates, default) = match &args.rewrites {
        Some(path) => (args.prompt.clone().unwrap_or_default(), input::texts(path)?, By::PerByte),
        None => {
            let (prompt, candidates) = prompt_and_candidates(args)?;
            (prompt, candidates, By::Sum)
        }
    };
    let options = args.how.options(Options { by: default, ..Options::default() })?;
    options.check_candidates(&candidates)?;
    let model = model::open(&args.model)?;
    let cache = PromptCache::open(&model, args.prompt_cache.as_deref())?;
    let mut scorer = Scorer::with_prefixes(cache.prefixes());
    let ranked = progress::spinner(|| scorer.score(&prompt, &candidates, &options))?;
    cache.close()?;
    if args.json {
        return output::print_json(&ranked.to_json());
    }
    for warning in &ranked.decisions.warnings {
        output::say(&format!("note: {warning}"));
    }
    let mut text = table(&ranked);
    text.push_str(&summary(&ranked));
    if args.tokens || args.rewrites.is_some() {
        for candidate in &ranked.candidates {
            text.push_str(&token_heat(&model, candidate));
        }
    }
    output::print(&text)
}

/// The prompt, and its candidates from the command line or from a file.
fn prompt_and_candidates(args: &ScoreArgs) -> Result<(String, Vec<String>), Failure> {
    let Some(prompt) = args.prompt.clone() else {
        return Err(Failure::Usage(
            "nothing to score: give a prompt and candidates, --items or --rewrites (see --help)"
                .to_owned(),
        ));
    };
    let candidates = match &args.candidates_from {
        Some(path) => input::texts(path)?,
        None => args.candidates.clone(),
    };
    Ok((prompt, candidates))
}

/// The ranking with each normalization that was computed.
fn table(ranked: &Ranked) -> String {
    let with_pmi = ranked
        .candidates
        .iter()
        .any(|candidate| candidate.scores().is_some_and(|scores| scores.pmi.is_some()));
    let shown = By::ALL.into_iter().filter(|&by| by != By::Pmi || with_pmi);
    let mut columns =
        vec![Column::right("rank"), Column::left("candidate").at_most(48, Cut::Middle)];
    columns.extend(shown.clone().map(|by| Column::right(by.name().replace('_', "-"))));
    columns.push(Column::right("probability"));
    let mut table = Table::new(columns);
    for candidate in &ranked.candidates {
        table.push(row(candidate, shown.clone(), ranked.decisions.options.by));
    }
    table.render(output::colour())
}

/// One candidate. The score that it is ranked by stands out.
fn row(candidate: &Candidate, shown: impl Iterator<Item = By>, ranked_by: By) -> Vec<Cell> {
    let number =
        |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.3}"));
    let scores = candidate.scores();
    let rank = scores.and_then(|scores| scores.rank);
    let mut row =
        vec![rank.map_or_else(|| "-".to_owned(), |rank| rank.to_string()), candidate.text.clone()];
    row.extend(shown.map(|by| match candidate.outcome {
        Outcome::Scored(scores) => number(scores.by(by)),
        Outcome::Stopped { upper_bound } if by == ranked_by => format!("≤{upper_bound:.3}"),
        Outcome::Stopped { .. } => "-".to_owned(),
    }));
    let probability = scores.and_then(|scores| scores.probability);
    row.push(
        probability
            .map_or_else(|| "-".to_owned(), |probability| format!("{:.1} %", probability * 100.0)),
    );
    row.into_iter().map(Cell::plain).collect()
}

/// What there is to say beside the numbers of each candidate.
fn summary(ranked: &Ranked) -> String {
    let mut parts =
        vec![format!("ranked by {}", ranked.decisions.options.by.name().replace('_', "-"))];
    if let Some(margin) = ranked.margin {
        parts.push(format!("margin {margin:.3}"));
    }
    if let Some(mass) = ranked.label_mass {
        parts.push(format!("label mass {mass:.3}"));
    }
    if !ranked.ties.is_empty() {
        parts.push(format!("{} tie for first", ranked.ties.len()));
    }
    let mut text = format!("{}\n", parts.join(", "));
    for other in &ranked.disagreements {
        let winner = ranked.candidates.iter().find(|candidate| candidate.index == other.winner);
        let winner = winner.map_or("", |candidate| candidate.text.as_str());
        text.push_str(&format!("{} would choose {winner:?}\n", other.by.name().replace('_', "-")));
    }
    let decisions = &ranked.decisions;
    let context = decisions.unconditional.as_ref();
    for (count, what) in [
        (decisions.moved_spaces, "space(s) moved from the prompt's end to every candidate"),
        (
            decisions.healed,
            "token(s) at the prompt's end are scored with every candidate, which merges with them",
        ),
        (decisions.truncated, "token(s) cut from the prompt's beginning"),
        (
            context.map_or(0, |context| context.healed),
            "token(s) at the unconditional context's end are scored with every candidate",
        ),
        (
            context.map_or(0, |context| context.truncated),
            "token(s) cut from the unconditional context's beginning",
        ),
        (ranked.counters.stopped, "candidate(s) stopped: they cannot be among the best"),
    ] {
        if count > 0 {
            text.push_str(&format!("{count} {what}\n"));
        }
    }
    text
}

/// The tokens of a candidate, coloured by surprise.
fn token_heat(model: &dyn LanguageModel, candidate: &Candidate) -> String {
    let vocabulary = model.tokenizer().vocabulary();
    let pieces: Vec<String> =
        candidate.tokens.iter().map(|token| vocabulary.piece(token.id).into_owned()).collect();
    let heat: Vec<Heat<'_>> = pieces
        .iter()
        .zip(&candidate.tokens)
        .map(|(piece, token)| Heat { text: piece, value: Some(-token.logprob) })
        .collect();
    let place = match candidate.scores().and_then(|scores| scores.rank) {
        Some(rank) => format!("\n{rank}.\n"),
        None => "\n-\n".to_owned(),
    };
    format!("{place}{}", output::heat(&heat))
}
