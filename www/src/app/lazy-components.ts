// Components that the page's first view does not need. They are a bundle of their own, loaded when the browser is idle
// or when the first of them is opened.
import "../ui/adapter-dialog";
import "../ui/compare-view";
import "../ui/import-dialog";
import "../ui/models-view";
import "../ui/settings-view";
import "../ui/share-dialog";
