//! Zip archives in memory: a list of their files, and one file at a time unpacked, never to more
//! bytes than the caller allows.

use miniz_oxide::inflate::{TINFLStatus, decompress_to_vec_with_limit};
use rawzip::{CompressionMethod, ZipArchive, ZipArchiveEntryWayfinder, ZipSliceArchive};

/// First bytes of an archive: of its first file, or of the directory of an empty one.
const MAGIC: [&[u8]; 2] = [b"PK\x03\x04", b"PK\x05\x06"];

/// Returns true if `bytes` begin as an archive does.
pub fn is_archive(bytes: &[u8]) -> bool {
    MAGIC.iter().any(|magic| bytes.starts_with(magic))
}

/// Reason why a zip archive could not be read. The caller adds the advice.
#[derive(Debug)]
pub enum ZipError {
    /// Broken format, with the details.
    Damaged(String),
    /// File that needs a password.
    Encrypted,
    /// File compressed by a method that is not supported; its name.
    Compression(String),
    /// File longer than the caller allows.
    TooLong,
}

impl From<rawzip::Error> for ZipError {
    fn from(error: rawzip::Error) -> Self {
        Self::Damaged(error.to_string())
    }
}

/// A zip archive in memory.
pub struct Archive<'a> {
    zip: ZipSliceArchive<&'a [u8]>,
}

/// A file in an archive.
#[derive(Debug)]
pub struct Member {
    /// Path within the archive; bytes that are not UTF-8 are replaced by U+FFFD.
    pub path: String,
    wayfinder: ZipArchiveEntryWayfinder,
    compression: CompressionMethod,
    encrypted: bool,
}

impl<'a> Archive<'a> {
    /// Opens the archive `bytes`.
    ///
    /// # Errors
    /// If `bytes` are no zip archive.
    pub fn open(bytes: &'a [u8]) -> Result<Self, ZipError> {
        Ok(Self { zip: ZipArchive::from_slice(bytes)? })
    }

    /// Lists the files and folders in the archive.
    ///
    /// # Errors
    /// If its directory is damaged.
    pub fn members(&self) -> Result<Vec<Member>, ZipError> {
        let mut members = Vec::new();
        let mut entries = self.zip.entries();
        while let Some(entry) = entries.next_entry()? {
            members.push(Member {
                path: String::from_utf8_lossy(entry.file_path().as_bytes()).into_owned(),
                wayfinder: entry.wayfinder(),
                compression: entry.compression_method(),
                encrypted: entry.flags().is_encrypted(),
            });
        }
        Ok(members)
    }

    /// Unpacks `member` and checks its bytes against the length and the checksum in the archive.
    ///
    /// # Errors
    /// If it is damaged, encrypted, compressed by anything but deflate, or longer than `limit` bytes.
    pub fn read(&self, member: &Member, limit: usize) -> Result<Vec<u8>, ZipError> {
        if member.encrypted {
            return Err(ZipError::Encrypted);
        }
        let entry = self.zip.get_entry(member.wayfinder)?;
        let bytes = match member.compression {
            CompressionMethod::STORE if entry.data().len() > limit => return Err(ZipError::TooLong),
            CompressionMethod::STORE => entry.data().to_vec(),
            CompressionMethod::DEFLATE => {
                decompress_to_vec_with_limit(entry.data(), limit).map_err(|error| match error.status {
                    TINFLStatus::HasMoreOutput => ZipError::TooLong,
                    status => ZipError::Damaged(format!("{status:?}")),
                })?
            }
            other => return Err(ZipError::Compression(other.to_string())),
        };
        let found = rawzip::ZipVerification { crc: rawzip::crc32(&bytes), uncompressed_size: bytes.len() as u64 };
        entry.claim_verifier().valid(found)?;
        Ok(bytes)
    }
}

/// Makes an archive of `files`, given as name and bytes, deflated.
#[cfg(test)]
pub(crate) fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut archive, mut directory) = (Vec::new(), Vec::new());
    for (name, bytes) in files {
        let data = miniz_oxide::deflate::compress_to_vec(bytes, 1);
        let offset = archive.len() as u32;
        let mut common = [20u16, 0, 8, 0, 0].map(u16::to_le_bytes).concat();
        common.extend([rawzip::crc32(bytes), data.len() as u32, bytes.len() as u32].map(u32::to_le_bytes).concat());
        common.extend([name.len() as u16, 0].map(u16::to_le_bytes).concat());
        archive.extend([b"PK\x03\x04", &common[..], name.as_bytes(), &data].concat());
        directory.extend([b"PK\x01\x02\x14\0", &common[..], &[0; 10], &offset.to_le_bytes(), name.as_bytes()].concat());
    }
    let count = (files.len() as u16).to_le_bytes();
    let extent = [directory.len() as u32, archive.len() as u32].map(u32::to_le_bytes).concat();
    [&archive, &directory, &b"PK\x05\x06\0\0\0\0"[..], &count, &count, &extent, &[0, 0]].concat()
}
