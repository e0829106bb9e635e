// Files that the user has picked in a file or folder picker or dropped, each with its path.

export interface PickedFiles {
  paths: readonly string[];
  files: readonly File[];
}

/** The files of a picker. Those of a folder have a path, others only a name. */
export function fromPicker(files: Iterable<File>): PickedFiles {
  const all = [...files];
  return { files: all, paths: all.map(({ name, webkitRelativePath }) => webkitRelativePath || name) };
}

/** The files that were dropped, and those directly in dropped folders. */
export async function fromDrop(data: DataTransfer): Promise<PickedFiles> {
  // Taken before the first await, because the items are gone after the event. Some files have no entry.
  const dropped = [...data.items].map((item) => item.webkitGetAsEntry() ?? item.getAsFile());
  const found: [path: string, file: File][] = [];
  for (const each of dropped) {
    if (each instanceof File) found.push([each.name, each]);
    else if (each)
      for (const entry of isFolder(each) ? await inside(each) : [each])
        if (isFile(entry)) found.push([entry.fullPath.slice(1), await opened(entry)]);
  }
  return { paths: found.map(([path]) => path), files: found.map(([, file]) => file) };
}

const isFolder = (entry: FileSystemEntry): entry is FileSystemDirectoryEntry => entry.isDirectory;
const isFile = (entry: FileSystemEntry): entry is FileSystemFileEntry => entry.isFile;
const opened = (entry: FileSystemFileEntry): Promise<File> =>
  new Promise((resolve, reject) => entry.file(resolve, reject));

async function inside(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  // Folders are read in batches, of which the last is empty.
  for (;;) {
    const batch = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (batch.length === 0) return all;
    all.push(...batch);
  }
}
