//! `tokenrail model`, and opening the model of any other command.

use serde_json::json;
use tokenrail::model::local::LocalModel;
use tokenrail::report::{Cell, Column, Table};
use tokenrail::store::{Access, ModelSource, Store, StoreError};

use crate::args::{ModelArgs, ModelCommand};
use crate::exit::Failure;
use crate::output;
use crate::progress::Fetching;

/// Opens the model that the flags name, obtaining it first where needed.
pub(crate) fn open(args: &ModelArgs) -> Result<LocalModel, Failure> {
    let path = obtain(&args.model, args.access())?;
    Ok(LocalModel::open_with(&path, &args.options())?)
}

/// Obtains, lists, finds or removes models. Paths go to standard output, so that other programs can
/// read them.
pub(crate) fn run(command: &ModelCommand) -> Result<(), Failure> {
    let store = Store::from_env()?;
    match command {
        ModelCommand::Get { model, offline } => {
            let access = if *offline { Access::Offline } else { Access::Online };
            let path = obtain(model, access)?;
            output::print(&format!("{}\n", path.display()))
        }
        ModelCommand::List { json } => {
            let stored = store.list()?;
            if *json {
                let models = stored.iter().map(|model| {
                    json!({"name": model.name, "path": model.path.to_string_lossy(), "bytes": model.bytes})
                });
                return output::print_json(&models.collect());
            }
            let mut table =
                Table::new([Column::left("model"), Column::right("MB"), Column::left("path")]);
            for model in stored {
                let megabytes = format!("{:.1}", model.bytes as f64 / 1e6);
                let row = [model.name, megabytes, model.path.display().to_string()];
                table.push(row.map(Cell::plain));
            }
            output::print(&table.render(output::colour()))
        }
        ModelCommand::Path { model } => match (store.locate(model)?, model) {
            (Some(path), _) => output::print(&format!("{}\n", path.display())),
            (None, ModelSource::Path(path)) => {
                Err(StoreError::NoFile { path: path.clone() }.into())
            }
            (None, _) => Err(Failure::Usage(format!(
                "{model} is not on this machine: `tokenrail model get {model}` obtains it"
            ))),
        },
        ModelCommand::Rm { model } => {
            let freed = store.remove(model)?;
            output::say(&format!("removed {model}, {:.1} MB", freed as f64 / 1e6));
            Ok(())
        }
    }
}

/// The path of a model, fetched where it is not here and may be, with its progress shown.
fn obtain(model: &ModelSource, access: Access) -> Result<std::path::PathBuf, Failure> {
    let store = match model {
        // What is found by its path needs no cache folder, so none has to be known.
        ModelSource::Path(_) => Store::new(""),
        _ => Store::from_env()?,
    };
    let mut fetching = Fetching::default();
    let path = store.obtain(model, access, &mut |progress| fetching.show(&progress));
    fetching.end();
    Ok(path?)
}
