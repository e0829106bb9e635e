//! Records of the files that a browser holds. Their serde form is what lies in browsers since version 0.1: it can be
//! added to, and nothing in it may be renamed.

use serde::{Deserialize, Serialize};

use super::{CHUNK_BYTES, CatalogAdapter, CatalogModel};

/// The record of one file, which lies beside its pieces.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRecord {
    /// SHA-256; the address where that is not known; a name of its own for an adapter of the user.
    pub id: String,
    /// Length in bytes.
    pub bytes: u64,
    /// Length in bytes of each piece but the last.
    pub chunk_bytes: u64,
    /// SHA-256 of each piece; empty for a piece that is not there.
    pub chunk_sha256: Vec<String>,
    /// True once every piece is there and checked.
    pub complete: bool,
    /// SHA-256 of the whole file, once it is known.
    #[serde(default)]
    pub sha256: Option<String>,
    /// Catalog entry of a file that the user added.
    #[serde(rename = "own", default)]
    pub user_file: Option<UserFile>,
}

/// The catalog entry of a file that the user added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum UserFile {
    /// A model.
    Model(CatalogModel),
    /// An adapter or a correction.
    Adapter(CatalogAdapter),
}

impl FileRecord {
    /// Makes the record of a file of `bytes` bytes, of which no piece is there.
    pub fn empty(id: &str, bytes: u64) -> Self {
        Self {
            id: id.to_owned(),
            bytes,
            chunk_bytes: CHUNK_BYTES,
            chunk_sha256: vec![String::new(); bytes.div_ceil(CHUNK_BYTES) as usize],
            complete: false,
            sha256: None,
            user_file: None,
        }
    }

    /// Returns the first byte and the length of piece `index`.
    pub fn chunk(&self, index: usize) -> (u64, u64) {
        let start = index as u64 * self.chunk_bytes;
        (start, self.chunk_bytes.min(self.bytes - start))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::catalog::{Origin, UserAdapter};
    use crate::methods::adapter_kind::AdapterKind;
    use crate::model::prompt::Task;

    /// Reads a record that version 0.1 wrote, and checks that it is written again with the same names.
    fn read(written: Value) -> FileRecord {
        let record: FileRecord = serde_json::from_value(written.clone()).unwrap();
        assert_eq!(serde_json::to_value(&record).unwrap(), written);
        record
    }

    fn adapter(task: Value, method: &str) -> FileRecord {
        let mut entry = json!({
            "id": "gemma-3-270m/own/mine", "base": "gemma-3-270m", "method": method, "path": "", "bytes": 4_194_305,
            "sha256": "ab", "own": { "name": "mine", "file": "gemma-3-270m/own/ab", "peft_config": null },
        });
        entry.as_object_mut().unwrap().extend(task.as_object().unwrap().clone());
        read(json!({
            "id": "gemma-3-270m/own/ab", "bytes": 4_194_305, "chunk_bytes": 4_194_304, "chunk_sha256": ["1", "2"],
            "complete": true, "sha256": "ab", "own": { "Adapter": entry },
        }))
    }

    #[test]
    fn records_of_version_0_1_are_read_and_written_with_the_same_names() {
        let record = adapter(json!({ "task": "translate", "from": "en", "to": "fr" }), "lora");
        assert_eq!(record.chunk(1), (4_194_304, 1));
        let Some(UserFile::Adapter(entry)) = record.user_file else { panic!("no adapter") };
        let user = UserAdapter { name: "mine".into(), file: "gemma-3-270m/own/ab".into(), peft_config: None };
        assert_eq!(
            (entry.task, entry.kind, entry.user),
            (Task::translation("en", "fr").unwrap().into(), AdapterKind::Lora, Some(user))
        );
        for method in ["projection", "baked", "calibration", "calibration-pp", "lorahub", "lora"] {
            adapter(json!({ "task": "summarize-translate", "from": "en", "to": "de" }), method);
        }

        let model = read(json!({
            "id": "cd", "bytes": 9, "chunk_bytes": 4_194_304, "chunk_sha256": ["3"], "complete": false, "sha256": "cd",
            "own": { "Model": {
                "id": "file:cd", "name": "Mine", "arch": "llama", "file": "", "bytes": 9, "sha256": "cd",
                "chunk_sha256": [], "sources": [{ "kind": "file" }], "template": null, "licence": "",
            }},
        }));
        let Some(UserFile::Model(entry)) = model.user_file else { panic!("no model") };
        assert_eq!((entry.id.as_str(), &entry.sources[..]), ("file:cd", &[Origin::File {}][..]));

        let shipped = json!({
            "id": "ef", "bytes": 9, "chunk_bytes": 4_194_304, "chunk_sha256": ["3"], "complete": true,
        });
        assert_eq!(serde_json::from_value::<FileRecord>(shipped).unwrap().user_file, None);
    }

    #[test]
    fn a_summary_in_its_own_language_has_it_twice() {
        adapter(json!({ "task": "summarize", "from": "en", "to": "en" }), "lora");
    }
}
