// What the page's first sight does without: it comes in a file of its own, once the browser has time or somebody asks.
import "../ui/adapter-dialog";
import "../ui/compare-view";
import "../ui/import-dialog";
import "../ui/models-view";
import "../ui/settings-view";
import "../ui/share-dialog";
