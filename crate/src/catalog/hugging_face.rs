//! Addresses of models that the user types in.

use crate::error::Result;
use crate::input;

/// Returns the address of a `.gguf` file on Hugging Face. `text` is that address, the address of the file's page, or
/// `OWNER/REPOSITORY/FILE.gguf`.
///
/// Only Hugging Face: the page's content security policy permits no other host, so that no defect of the page could
/// send a chat anywhere else.
///
/// # Errors
/// If `text` is none of these.
pub fn hugging_face(text: &str) -> Result<String> {
    let text = text.trim();
    let refused = |why: &str| {
        input!(
            "{text}: {why}; give an address such as https://huggingface.co/OWNER/REPOSITORY/blob/main/FILE.gguf, or \
             OWNER/REPOSITORY/FILE.gguf"
        )
    };
    let (path, is_address) = match text.split_once("://") {
        None => (text, false),
        Some(("https", rest)) => match rest.strip_prefix("huggingface.co/") {
            Some(path) => (path, true),
            None => return Err(refused("models are fetched from huggingface.co only; others can be opened as a file")),
        },
        Some(_) => return Err(refused("this is no https address")),
    };
    let path = path.split(['?', '#']).next().unwrap_or(path);
    let parts: Vec<&str> = path.split('/').collect();
    // Characters in the names of repositories, branches and files. An escaped slash is part of a branch's name.
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.~%+=@()".contains(c);
    if parts.iter().any(|part| part.is_empty() || part.starts_with("..") || !part.chars().all(plain)) {
        return Err(refused("this is not an address of a file"));
    }
    let (owner, repository, revision, file) = match parts[..] {
        [owner, repository, "resolve" | "blob", revision, ref file @ ..] => (owner, repository, revision, file),
        [owner, repository, ref file @ ..] if !is_address => (owner, repository, "main", file),
        _ => return Err(refused("this names no file")),
    };
    match file.last() {
        Some(name) if name.to_ascii_lowercase().ends_with(".gguf") => {}
        _ => return Err(refused("this names no .gguf file")),
    }
    Ok(format!("https://huggingface.co/{owner}/{repository}/resolve/{revision}/{}", file.join("/")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_of_writing_a_file_s_address_gives_the_address_to_fetch() {
        let fetched =
            "https://huggingface.co/bartowski/Llama-3.2-1B-Instruct-GGUF/resolve/main/Llama-3.2-1B-Q4_K_M.gguf";
        for text in [
            "https://huggingface.co/bartowski/Llama-3.2-1B-Instruct-GGUF/resolve/main/Llama-3.2-1B-Q4_K_M.gguf",
            "https://huggingface.co/bartowski/Llama-3.2-1B-Instruct-GGUF/blob/main/Llama-3.2-1B-Q4_K_M.gguf",
            "  https://huggingface.co/bartowski/Llama-3.2-1B-Instruct-GGUF/blob/main/Llama-3.2-1B-Q4_K_M.gguf?download=true ",
            "bartowski/Llama-3.2-1B-Instruct-GGUF/Llama-3.2-1B-Q4_K_M.gguf",
            "bartowski/Llama-3.2-1B-Instruct-GGUF/blob/main/Llama-3.2-1B-Q4_K_M.gguf",
        ] {
            assert_eq!(hugging_face(text).unwrap(), fetched, "{text}");
        }
        let inner = "https://huggingface.co/a/b/resolve/refs%2Fpr%2F1/folder/model.GGUF";
        assert_eq!(hugging_face(inner).unwrap(), inner);
        assert_eq!(hugging_face("a/b/folder/m.gguf").unwrap(), "https://huggingface.co/a/b/resolve/main/folder/m.gguf");
    }

    #[test]
    fn what_is_no_such_address_is_refused_with_what_to_give() {
        for (text, why) in [
            ("", "not an address of a file"),
            ("model.gguf", "names no file"),
            ("owner/model.gguf", "names no .gguf file"),
            ("https://example.com/a/b/resolve/main/m.gguf", "from huggingface.co only"),
            ("https://huggingface.co.example.com/a/b/resolve/main/m.gguf", "from huggingface.co only"),
            ("https://huggingface.co@example.com/a/b/resolve/main/m.gguf", "from huggingface.co only"),
            ("http://huggingface.co/a/b/resolve/main/m.gguf", "no https address"),
            ("javascript://huggingface.co/a/b/resolve/main/m.gguf", "no https address"),
            ("https://huggingface.co/a/b", "names no file"),
            ("https://huggingface.co/a/b/tree/main/m.gguf", "names no file"),
            ("https://huggingface.co/a/b/resolve/main/", "not an address of a file"),
            ("https://huggingface.co/a/b/resolve/main/../../c.gguf", "not an address of a file"),
            ("https://huggingface.co/a/b/resolve/main/model.safetensors", "names no .gguf file"),
            ("a/b/mo del.gguf", "not an address of a file"),
        ] {
            let error = hugging_face(text).unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
            assert!(error.contains("OWNER/REPOSITORY/FILE.gguf"), "{error}");
        }
    }
}
