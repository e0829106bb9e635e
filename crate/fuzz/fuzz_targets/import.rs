//! Chats of other programs. The first byte chooses what the caller says of the file that follows it.
#![no_main]

use gist::chat::conversation::{Conversation, Message};
use gist::chat::import::{DateOrder, Imported, Options, Range, import, newest};
use gist_fuzz::{accepted, seed};
use libfuzzer_sys::fuzz_target;

const SEEDS: [(&str, &[u8]); 8] = [
    ("dash.txt", include_bytes!("../../tests/import/whatsapp-android-es.txt")),
    ("bracket.txt", include_bytes!("../../tests/import/whatsapp-ios-de.txt")),
    ("french.txt", include_bytes!("../../tests/import/whatsapp-android-fr.txt")),
    ("chinese.txt", "2024/1/5 下午3:04 - 王: 你好\n2024/1/6 上午9:30 - 李: 好".as_bytes()),
    ("archive.zip", include_bytes!("../../tests/import/whatsapp-ios-en.zip")),
    ("telegram.json", include_bytes!("../../tests/import/telegram-account.json")),
    ("signal.md", include_bytes!("../../tests/import/signal.md")),
    ("plain.txt", b"Ana: hi\nand more\n  indented: yes\nBen: ok"),
];

fn write_seeds() {
    for (name, bytes) in SEEDS {
        seed("import", name, &[&[0], bytes].concat());
    }
}

/// Speakers and texts, which printing has to keep; times are lost.
fn said(messages: &[Message]) -> Vec<(&str, &str)> {
    messages.iter().map(|message| (message.speaker.as_str(), message.text.as_str())).collect()
}

fuzz_target!(init: write_seeds(), |data: &[u8]| {
    let Some((&choice, bytes)) = data.split_first() else { return };
    let order = [None, Some(DateOrder::DayFirst), Some(DateOrder::MonthFirst), Some(DateOrder::YearFirst)];
    let options = Options { order: order[usize::from(choice) % 4], chat: (choice > 127).then_some(usize::from(choice) % 3) };
    let Some(Imported::Chat(chat)) = accepted(import("chat.md", bytes, &options)) else { return };
    let messages = chat.conversation.messages();
    let printed = chat.conversation.to_string();
    let again = Conversation::parse(&printed).expect("what is printed can be read");
    assert_eq!(said(again.messages()), said(messages), "{printed:?}");
    let last = Range::Last(3).of(&chat.conversation).expect("there are messages");
    assert_eq!(last.messages(), &messages[messages.len().saturating_sub(3)..]);
    if let Some(newest) = newest(&chat.conversation) {
        Range::Since(newest).of(&chat.conversation).expect("the newest message is there");
    }
});
