//! Models and adapters that the user adds: finds them among files, and checks them before anything is kept.

use crate::adapters::{PEFT_FILES, read_gguf, read_peft};
use crate::catalog::{CatalogAdapter, UserAdapter};
use crate::error::{Error, Result};
use crate::files::source::Source;
use crate::files::zip::{Archive, ZipError, is_archive};
use crate::input;
use crate::methods::adapter_kind::AdapterKind;
use crate::methods::correction::{Correction, CorrectionInfo};
use crate::model::Opened;
use crate::model::config::ModelConfig;
use crate::model::prompt::Task;

/// Length in bytes of the largest adapter that is read. A LoRA of rank 32 for Llama-3.2-1B has 90 MB in F32.
pub const MAX_ADAPTER_BYTES: usize = 256 << 20;

/// Length in characters of the longest name that is shown: files can claim any name.
const MAX_NAME_CHARS: usize = 80;

/// Facts about a model from the header of its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelFacts {
    /// Name that the file gives itself, if any.
    pub name: Option<String>,
    /// Architecture, which is one that the engine supports.
    pub arch: String,
}

/// Reads all of `source` but its tensors, and checks it as loading does.
///
/// # Errors
/// If the file is no model, or one that the engine cannot load.
pub async fn check_model(source: &impl Source) -> Result<ModelFacts> {
    let mut model = Opened::read(source).await?;
    let metadata = &model.header.metadata;
    if let Some(count) = metadata.u32("split.count")?.filter(|count| *count > 1) {
        return Err(input!("this is one of {count} parts of a model; give a file that holds all of it"));
    }
    let name = metadata.text("general.name")?.map(shown).filter(|name| !name.is_empty());
    model.take_tokenizer()?;
    Ok(ModelFacts { name, arch: model.config.arch })
}

/// Makes one line of at most [`MAX_NAME_CHARS`] characters of `name`.
fn shown(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(MAX_NAME_CHARS).collect::<String>().trim().to_owned()
}

/// Returns the name of a file or folder without its path and its extension.
pub fn stem(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    shown(name.rsplit_once('.').map_or(name, |(stem, _)| stem))
}

/// An adapter or a correction of the user, and what its file states.
#[derive(Debug)]
pub struct AdapterFile {
    /// Name for people, made of the name of the file, folder or archive.
    pub name: String,
    /// Kind of the file.
    pub kind: AdapterKind,
    /// Language of the text, if the file states it.
    pub from: Option<String>,
    /// Language of the result, if the file states it.
    pub to: Option<String>,
    /// Bytes of the file; of a PEFT folder those of its tensors.
    pub bytes: Vec<u8>,
    /// Text of `adapter_config.json`, if it came from a PEFT folder.
    pub peft_config: Option<String>,
}

/// Finds the adapter among the files at `paths`: the two files of a PEFT folder, or else a single one. Returns indices.
///
/// # Errors
/// If there is no adapter, or more than one.
pub fn choose(paths: &[&str]) -> Result<Vec<usize>> {
    let folder = |path: &str| path.rsplit_once('/').map_or(String::new(), |(folder, _)| folder.to_owned());
    let name = |path: &str| path.rsplit('/').next().unwrap_or(path).to_lowercase();
    let place =
        |wanted: &str, within: &str| paths.iter().position(|path| name(path) == wanted && folder(path) == within);
    let [peft_config, tensors] = PEFT_FILES;
    // Folders of training runs hold folders of checkpoints: what lies on top counts.
    let settings = paths.iter().filter(|path| name(path) == peft_config).min_by_key(|path| path.matches('/').count());
    if let Some(settings) = settings {
        let within = folder(settings);
        return match (place(peft_config, &within), place(tensors, &within), place("adapter_model.bin", &within)) {
            (Some(peft_config), Some(tensors), _) => Ok(vec![peft_config, tensors]),
            (_, None, Some(_)) => {
                Err(input!("adapter_model.bin is a pickle, which can hold programs; save it as {tensors}"))
            }
            _ => Err(input!("{peft_config} needs {tensors} beside it; choose the folder, or both files at once")),
        };
    }
    let usable = |path: &str| {
        let name = name(path);
        !name.starts_with('.') && [".gguf", ".safetensors", ".json", ".zip"].iter().any(|end| name.ends_with(end))
    };
    let usable: Vec<usize> = (0..paths.len()).filter(|index| usable(paths[*index])).collect();
    match usable[..] {
        [only] if name(paths[only]) == tensors => {
            Err(input!("{tensors} needs {peft_config} beside it; choose the folder, or both files at once"))
        }
        [_] => Ok(usable),
        [] => Err(input!(
            "there is no adapter among these files; give a GGUF LoRA, a PEFT folder ({peft_config} and {tensors}), a zip of one, or \
             a learned .safetensors file"
        )),
        _ => Err(input!("these are several adapters; add them one by one")),
    }
}

impl AdapterFile {
    /// Reads `files`, paths and bytes of the files that [`choose`] found.
    ///
    /// # Errors
    /// If they are of no known kind.
    pub fn read(files: Vec<(String, Vec<u8>)>) -> Result<Self> {
        match &files[..] {
            [(path, bytes)] if is_archive(bytes) => Self::read_within(&stem(path), unpack(bytes)?),
            _ => Self::read_within("adapter", files),
        }
    }

    /// Reads `files`, whose name is that of their folder in their paths, or else `folder`.
    fn read_within(folder: &str, files: Vec<(String, Vec<u8>)>) -> Result<Self> {
        let files: Result<[(String, Vec<u8>); 2], _> = files.try_into();
        let mut files = match files {
            Ok([(path, peft_config), (_, bytes)]) => {
                let inner = path.rsplit('/').nth(1).map(shown).filter(|inner| !inner.is_empty());
                return Self::peft(inner.unwrap_or_else(|| folder.to_owned()), peft_config, bytes);
            }
            Err(files) => files,
        };
        let (path, bytes) = files.pop().ok_or_else(|| input!("no file was given; choose one"))?;
        let name = stem(&path);
        if bytes.starts_with(b"GGUF") || path.to_lowercase().ends_with(".gguf") {
            return Ok(Self { name, kind: AdapterKind::Lora, from: None, to: None, bytes, peft_config: None });
        }
        let read = || {
            let info = CorrectionInfo::of(&bytes)?;
            Ok((info.kind()?, info.provenance))
        };
        let (kind, provenance) = read().map_err(|error: Error| error.at(&path))?;
        Ok(Self { name, kind, from: provenance.from, to: provenance.to, bytes, peft_config: None })
    }

    fn peft(name: String, peft_config: Vec<u8>, bytes: Vec<u8>) -> Result<Self> {
        let peft_config = String::from_utf8(peft_config).map_err(|_| input!("{} is not UTF-8 text", PEFT_FILES[0]))?;
        Ok(Self { name, kind: AdapterKind::Lora, from: None, to: None, bytes, peft_config: Some(peft_config) })
    }

    /// Checks that the adapter fits a model of configuration `config`.
    ///
    /// # Errors
    /// If it does not. The error names the tensor.
    pub async fn check(&self, config: &ModelConfig) -> Result<()> {
        let Self { name, bytes, .. } = self;
        match (self.kind, &self.peft_config) {
            (AdapterKind::Lora, Some(peft_config)) => read_peft(name, peft_config.as_bytes(), bytes, config).map(drop),
            (AdapterKind::Lora, None) => read_gguf(name, bytes, config).await.map(drop),
            (kind, _) => Correction::read_as(kind, name, bytes, config).map(drop),
        }
    }

    /// Makes the catalog entry of this adapter for the model `base`. Languages that the file states go before those of
    /// `task`.
    ///
    /// # Errors
    /// If `task` is not one that an adapter of this kind can be for, or a language is not known.
    pub fn entry(&self, base: &str, task: Task) -> Result<CatalogAdapter> {
        let task = match (self.kind, task) {
            (AdapterKind::Lora, task) => task,
            (_, Task::SummarizeTranslate { from, to, form }) => Task::SummarizeTranslate {
                from: self.from.clone().unwrap_or(from),
                to: self.to.clone().unwrap_or(to),
                form,
            },
            (kind, _) => return Err(input!("{}: {kind} files are for the task summarize-translate only", self.name)),
        };
        task.check()?;
        let sha256 = crate::hash::sha256(&self.bytes);
        Ok(CatalogAdapter {
            id: format!("{base}/own/{}", self.name),
            base: base.to_owned(),
            task: task.into(),
            kind: self.kind,
            path: String::new(),
            bytes: Some(self.bytes.len() as u64),
            user: Some(UserAdapter {
                name: self.name.clone(),
                // The same file may serve two models.
                file: format!("{base}/own/{sha256}"),
                peft_config: self.peft_config.clone(),
            }),
            sha256: Some(sha256),
        })
    }
}

/// Reads the files of the adapter in an archive.
fn unpack(bytes: &[u8]) -> Result<Vec<(String, Vec<u8>)>> {
    let told = |trouble: ZipError| match trouble {
        ZipError::Damaged(why) => input!("the zip archive is damaged ({why}); make it again"),
        ZipError::Encrypted => input!("the zip archive is encrypted; unpack it and give the folder"),
        ZipError::Compression(other) => {
            input!("the zip archive is compressed by {other}, not by deflate; unpack it and give the folder")
        }
        ZipError::TooLong => {
            input!("the zip archive holds more than the {} MB that are read at most", MAX_ADAPTER_BYTES >> 20)
        }
    };
    let archive = Archive::open(bytes).map_err(told)?;
    let mut members = archive.members().map_err(told)?;
    // What macOS adds to archives; and an archive in an archive is nobody's adapter.
    members.retain(|member| !member.path.starts_with("__MACOSX/") && !member.path.to_lowercase().ends_with(".zip"));
    let paths: Vec<&str> = members.iter().map(|member| member.path.as_str()).collect();
    let mut files = Vec::new();
    for index in choose(&paths)? {
        let member = &members[index];
        files.push((member.path.clone(), archive.read(member, MAX_ADAPTER_BYTES).map_err(told)?));
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::files::gguf::Header;
    use crate::files::zip::zip;
    use crate::model::prompt::Form;
    use crate::synth;

    fn model(name: &str) -> Vec<u8> {
        let mut file = Cursor::new(Vec::new());
        synth::write(name, &mut file).unwrap();
        file.into_inner()
    }

    /// `file` with the first `from` replaced by `to`, which is as long.
    fn with(file: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
        let at = file.windows(from.len()).position(|window| window == from).unwrap();
        [&file[..at], to, &file[at + from.len()..]].concat()
    }

    #[test]
    fn a_model_is_known_by_its_header_and_others_are_refused_by_name() {
        let llama = model("tiny-llama-q8_0");
        let check = |file: &[u8]| pollster::block_on(check_model(&file));
        let facts = check(&llama).unwrap();
        assert_eq!((facts.name.as_deref(), facts.arch.as_str()), (Some("tiny-llama-q8_0"), "llama"));
        for (file, why) in [
            (
                with(&llama, b"\x05\0\0\0\0\0\0\0llama", b"\x05\0\0\0\0\0\0\0mamba"),
                "architecture mamba is not supported",
            ),
            (b"PK\x03\x04 not a model".to_vec(), "not a GGUF file"),
            (llama[..2000].to_vec(), "truncated, download it again"),
            (llama[..llama.len() - 1].to_vec(), "the file is truncated"),
        ] {
            let error = check(&file).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }

    #[test]
    fn an_adapter_is_found_among_files() {
        for (paths, expected) in [
            (&["adapter.gguf"][..], Ok(&[0][..])),
            (&["projection.safetensors"], Ok(&[0])),
            (&["README.md", "lorahub.json"], Ok(&[1])),
            (&["adapter_model.safetensors", "adapter_config.json"], Ok(&[1, 0])),
            (
                &["run/checkpoint-9/adapter_config.json", "run/adapter_model.safetensors", "run/adapter_config.json"],
                Ok(&[2, 1]),
            ),
            (&["adapter_config.json"], Err("needs adapter_model.safetensors beside it")),
            (&["adapter_model.safetensors"], Err("needs adapter_config.json beside it")),
            (&["a/adapter_config.json", "b/adapter_model.safetensors"], Err("beside it")),
            (&["adapter_config.json", "adapter_model.bin"], Err("is a pickle")),
            (&["photo.jpg"], Err("no adapter among these files")),
            (&[], Err("no adapter among these files")),
            (&["a.gguf", "b.gguf"], Err("several adapters")),
        ] {
            match (choose(paths), expected) {
                (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{paths:?}"),
                (Err(error), Err(why)) => assert!(error.to_string().contains(why), "{error}"),
                (found, _) => panic!("{paths:?}: {found:?}"),
            }
        }
    }

    #[test]
    fn an_archive_of_a_peft_folder_is_the_folder() {
        let folder: [(&str, &[u8]); 3] = [
            ("mine/README.md", b"#"),
            (
                "mine/adapter_config.json",
                include_bytes!("../../tests/goldens/peft/tiny-llama-f32-one/adapter_config.json"),
            ),
            (
                "mine/adapter_model.safetensors",
                include_bytes!("../../tests/goldens/peft/tiny-llama-f32-one/adapter_model.safetensors"),
            ),
        ];
        let llama = model("tiny-llama-f32");
        let header = pollster::block_on(Header::read(&&llama[..])).unwrap();
        let config = ModelConfig::from_header(&header).unwrap();
        let other = ModelConfig { hidden_size: config.hidden_size * 2, ..config.clone() };

        let adapter = AdapterFile::read(vec![("one.zip".to_owned(), zip(&folder))]).unwrap();
        assert_eq!((adapter.name.as_str(), adapter.kind), ("mine", AdapterKind::Lora));
        assert!(adapter.bytes == folder[2].1 && adapter.peft_config.as_deref().map(str::as_bytes) == Some(folder[1].1));
        pollster::block_on(adapter.check(&config)).unwrap();
        let error = pollster::block_on(adapter.check(&other)).unwrap_err().to_string();
        assert!(error.contains("mine") && error.contains("use an adapter made for this model"), "{error}");

        let languages = |from: &str, to: &str| (from.to_owned(), to.to_owned());
        let translate = |(from, to)| adapter.entry("base", Task::Translate { from, to });
        let german = Task::translation("en", "de").unwrap();
        assert_eq!(translate(languages("en", "de")).unwrap().task.tasks().unwrap(), [german]);
        let summary = Task::summary("de", "de").unwrap();
        assert_eq!(adapter.entry("base", summary.clone()).unwrap().task.tasks().unwrap(), [summary]);
        translate(languages("en", "en")).unwrap_err();
        translate(languages("en", "xx")).unwrap_err();
        let (from, to) = languages("en", "en");
        let same = Task::SummarizeTranslate { from, to, form: Form::Gist };
        let error = adapter.entry("base", same).unwrap_err().to_string();
        assert_eq!(error, "the text is in that language already; choose another");

        let rootless = [("adapter_config.json", folder[1].1), ("adapter_model.safetensors", folder[2].1)];
        let named = AdapterFile::read(vec![("two.zip".to_owned(), zip(&rootless))]).unwrap();
        assert_eq!(named.name, "two");
        let bytes = zip(&rootless);
        let cut = AdapterFile::read(vec![("cut.zip".to_owned(), bytes[..bytes.len() - 30].to_vec())]).unwrap_err();
        assert!(cut.to_string().contains("the zip archive is damaged"), "{cut}");
    }
}
