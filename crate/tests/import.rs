//! Chats of other programs, read through the library and through `gist import`. The files in `import/` are made up.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use gist::chat::conversation::Conversation;
use gist::chat::import::{Certainty, Chat, ChatFormat, DateOrder, Imported, Options, Warning, import};

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/import").join(name)
}

fn read(name: &str, bytes: &[u8]) -> Chat {
    match import(name, bytes, &Options::default()).unwrap() {
        Imported::Chat(chat) => chat,
        Imported::Several(titles) => panic!("{titles:?}"),
    }
}

fn file(name: &str) -> Chat {
    read(name, &std::fs::read(path(name)).unwrap())
}

/// Each message as its time and its `Name: text` lines.
fn lines(chat: &Chat) -> Vec<String> {
    let messages = chat.conversation.messages().iter();
    messages.map(|message| format!("{} {message}", message.time.map_or("-".into(), |time| time.to_string()))).collect()
}

#[test]
fn whatsapp_android_in_spanish() {
    let chat = file("whatsapp-android-es.txt");
    let expected = [
        "2024-01-05T09:14:00 Lucía: ¿Quién viene a Roma en abril?\nQuedan dos plazas: una doble y una individual.",
        "2024-01-05T09:20:00 Marcos Ruiz: Yo 🙋",
        "2024-01-06T22:05:00 Lucía: [photo]\nEste es el hotel",
        "2024-01-06T22:07:00 Marcos Ruiz: [media]",
        "2024-01-07T08:30:00 Paco: [voice message]",
        "2024-01-07T08:33:00 Marcos Ruiz: Salimos el 12 a las 7:30",
        "2024-01-07T08:35:00 Lucía: [location]",
    ];
    // `Quedan dos plazas: …` would read as another message, so it is printed with a space before it.
    assert_eq!(lines(&chat), expected.map(|line| line.replace("\nQuedan", "\n Quedan")));
    assert_eq!((chat.format, chat.announcements, chat.media), (ChatFormat::WhatsApp, 5, 4));
    assert_eq!(chat.dates, Some((DateOrder::DayFirst, Certainty::Inferred)));
}

#[test]
fn whatsapp_ios_in_german() {
    let chat = file("whatsapp-ios-de.txt");
    let expected = [
        "2026-03-07T21:22:39 Jana: Probe am Donnerstag: 19 Uhr\nBitte Noten mitbringen 🎶",
        "2026-03-08T07:01:12 Tim: [photo]",
        "2026-03-08T07:01:40 Jana: [document: plan.pdf]",
        "2026-03-08T07:02:00 Tim: Ich komme später",
        "2026-03-08T07:04:10 +49 170 1234567: @Jana wer singt Sopran?",
        "2026-03-08T07:05:00 Jana: UMFRAGE:\nWer kommt?\n OPTION: Ich (2 Stimmen)",
    ];
    assert_eq!(lines(&chat), expected);
    assert_eq!((chat.announcements, chat.media), (4, 2));
    assert_eq!(chat.dates, Some((DateOrder::DayFirst, Certainty::Inferred)));
}

#[test]
fn whatsapp_android_in_french() {
    let chat = file("whatsapp-android-fr.txt");
    let expected = [
        "2018-05-02T18:00:00 Michel Sahli: Qui va au marché ?",
        "2018-05-02T18:01:00 Zoé: Moi : il faut des poires\n- trois kilos\n- et du beurre",
        "2018-05-03T07:30:00 Michel Sahli: [media]",
        "2018-05-03T07:31:00 Zoé: [document: liste.pdf]",
        "2018-05-13T09:00:00 Zoé: Corrigé",
    ];
    assert_eq!(lines(&chat), expected);
    assert_eq!((chat.announcements, chat.media), (3, 2));
    assert_eq!(chat.dates, Some((DateOrder::DayFirst, Certainty::Certain)));
}

#[test]
fn whatsapp_ios_in_english_in_an_archive_with_other_texts() {
    let chat = file("whatsapp-ios-en.zip");
    let expected = [
        "2019-11-05T02:36:01 Priya: Next book?",
        "2019-11-06T12:05:00 Tom Baker: “Emma”, on 3/12/19, 10:00 - if nobody objects\n12/24/19, 11:23 - Nobody: this line is quoted",
        "2019-11-06T12:06:10 Priya: [photo]",
        "2019-11-06T12:07:00 Tom Baker: [document: notes.txt]",
    ];
    assert_eq!(lines(&chat), expected);
    assert_eq!((chat.announcements, chat.media), (2, 2));
    assert_eq!(chat.dates, Some((DateOrder::MonthFirst, Certainty::Inferred)));
}

#[test]
fn signal_and_telegram() {
    let chat = file("signal.md");
    let expected = [
        "2019-05-29T15:04:02 Me: How is everyone?",
        "2019-05-29T15:10:41 Aya: We're great!",
        "2019-05-29T15:20:00 Jim: I'm not.  [photo]",
        "2019-05-30T09:01:00 Jim: Thursday: 7 pm?\nor eight",
    ];
    assert_eq!(lines(&chat), expected);
    assert_eq!((chat.format, chat.announcements, chat.media), (ChatFormat::Signal, 1, 1));

    let chat = file("telegram.json");
    let expected = [
        "2025-01-15T10:30:00 Uwe: Wer hat den Schlüssel?",
        "2025-01-15T10:31:12 Silke: Ich, siehe https://example.org\nBis 18:00",
        "2025-01-15T10:32:00 Uwe: [photo]\nDas Tor",
        "2025-01-16T08:00:00 Deleted Account: Danke",
    ];
    assert_eq!(lines(&chat), expected);
    assert_eq!((chat.format, chat.announcements, chat.media), (ChatFormat::Telegram, 1, 1));
}

/// One message of each kind of phone, and what it says.
#[test]
fn samples_of_many_phones() {
    let samples = [
        ("12/24/19, 11:23 - John Doe: Lorem ipsum : dolor", "2019-12-24T11:23:00 John Doe: Lorem ipsum : dolor"),
        ("03.08.21, 12:30 - A: message", "2021-08-03T12:30:00 A: message"),
        ("2023-12-20, 5:46 p.m. - Farid: 👋🏼", "2023-12-20T17:46:00 Farid: 👋🏼"),
        ("2023/12/20, 5:46 pm - Farid: 👋🏼", "2023-12-20T17:46:00 Farid: 👋🏼"),
        (
            "28/3/2025, 9:29 p. m. - user1: PTT-20250328-WA0014.opus (archivo adjunto)",
            "2025-03-28T21:29:00 user1: [voice message]",
        ),
        ("02.05.18 à 18:00 - Michel Sahli: message", "2018-05-02T18:00:00 Michel Sahli: message"),
        ("[07.03.26, 21:22:39] Chris: Hey 👋", "2026-03-07T21:22:39 Chris: Hey 👋"),
        ("[11/15/19, 2:35:22 AM] Name: Body", "2019-11-15T02:35:22 Name: Body"),
        ("[12.3.2022 klo 14.08.18] Matias Virtanen: moi", "2022-03-12T14:08:18 Matias Virtanen: moi"),
        ("\u{200e}[3/6/18 1:55:00 p. m.] a: m", "2018-06-03T13:55:00 a: m"),
        ("09/12/2012 17:03:48: Sender Name: Message", "2012-12-09T17:03:48 Sender Name: Message"),
        ("13. 6. 2018. 21:25:15 a: m", "2018-06-13T21:25:15 a: m"),
        ("2024/1/5 下午3:04 - 王芳: 你好", "2024-01-05T15:04:00 王芳: 你好"),
        ("2024年1月5日 15:04 - 田中: はい", "2024-01-05T15:04:00 田中: はい"),
        ("٥‏/١‏/٢٠٢٤، ٣:٠٤ م - أحمد: مرحبا", "2024-01-05T15:04:00 أحمد: مرحبا"),
        ("[2019-05-29, 15:04] Me: How is everyone?", "2019-05-29T15:04:00 Me: How is everyone?"),
        ("[15:04, 24/12/2023] Ana: copied", "2023-12-24T15:04:00 Ana: copied"),
        ("[24/12, 15:04] Ana: copied", "- Ana: copied"),
        ("#Person1#: Hello, how are you doing today?", "- #Person1#: Hello, how are you doing today?"),
        ("Amanda: I baked cookies", "- Amanda: I baked cookies"),
        ("👑: only a picture for a name", "- 👑: only a picture for a name"),
    ];
    for (sample, expected) in samples {
        assert_eq!(lines(&read("chat.txt", sample.as_bytes())), [expected]);
    }
}

#[test]
fn announcements_with_a_colon_are_no_messages() {
    let text = "06/03/2017, 00:45 - You created group \"Test: 1\"\n06/13/2017, 00:46 - Ana: hi\n\
                06/13/2017, 00:47 - Ana changed the group description: new\n06/13/2017, 00:48 - Ben left\n";
    let chat = read("chat.txt", text.as_bytes());
    assert_eq!((lines(&chat), chat.announcements), (vec!["2017-06-13T00:46:00 Ana: hi".to_owned()], 3));
}

#[test]
fn the_caller_corrects_the_order_of_dates() {
    let text = b"1/2/24, 10:00 - Ana: hi\n1/2/24, 10:01 - Ben: ho";
    let chat = read("chat.txt", text);
    assert_eq!(chat.dates, Some((DateOrder::DayFirst, Certainty::Ambiguous)));
    assert_eq!(lines(&chat)[0], "2024-02-01T10:00:00 Ana: hi");
    for (order, expected) in
        [(DateOrder::MonthFirst, "2024-01-02T10:00:00"), (DateOrder::YearFirst, "2001-02-24T10:00:00")]
    {
        let options = Options { order: Some(order), ..Options::default() };
        let Imported::Chat(chat) = import("chat.txt", text, &options).unwrap() else { panic!() };
        assert_eq!(chat.dates, Some((order, Certainty::Given)));
        assert_eq!(lines(&chat)[0], format!("{expected} Ana: hi"));
    }
    let options = Options { order: Some(DateOrder::MonthFirst), ..Options::default() };
    let Imported::Chat(chat) = import("", b"31/1/24, 10:00 - Ana: hi", &options).unwrap() else { panic!() };
    assert_eq!((lines(&chat), chat.warnings), (vec!["- Ana: hi".to_owned()], vec![Warning::ImpossibleDates(1)]));
}

#[test]
fn encodings_and_line_breaks_make_no_difference() {
    let text = "24/12/23, 10:00 - Ana: ¿sí?\nmás\n24/12/23, 10:01 - Ben: no";
    let expected = lines(&read("", text.as_bytes()));
    assert_eq!(expected.len(), 2);
    let utf16 = |mark: &[u8], unit: fn(u16) -> [u8; 2]| {
        let units = text.encode_utf16().flat_map(unit);
        mark.iter().copied().chain(units).collect::<Vec<u8>>()
    };
    for bytes in [
        format!("\u{feff}{}\r\n", text.replace('\n', "\r\n")).into_bytes(),
        format!("\n \n{text}").into_bytes(),
        utf16(&[0xff, 0xfe], u16::to_le_bytes),
        utf16(&[0xfe, 0xff], u16::to_be_bytes),
        utf16(&[], u16::to_le_bytes),
        utf16(&[], u16::to_be_bytes),
    ] {
        assert_eq!(lines(&read("", &bytes)), expected, "{bytes:?}");
    }
}

#[test]
fn a_paste_may_begin_in_the_middle_of_a_message() {
    let text = "and the rest of it\n24/12/23, 10:00 - Ana: hi\n24/12/23, 10:01 - Ben: ho";
    let chat = read("", text.as_bytes());
    assert_eq!((lines(&chat).len(), chat.warnings), (2, vec![Warning::LeadingLines(1)]));
    // Dates in a plain chat do not make it an export.
    let chat = read("", b"Ana: when?\n24/12/23, 10:00 - Ben: then\n24/12/23, 10:01 - Ben: or then");
    assert_eq!((lines(&chat).len(), chat.format), (1, ChatFormat::Plain));
}

#[test]
fn what_is_printed_reads_back_as_the_same_messages() {
    let mut chats: Vec<Chat> =
        ["whatsapp-android-es.txt", "whatsapp-ios-de.txt", "whatsapp-ios-en.zip", "signal.md", "telegram.json"]
            .map(file)
            .into();
    chats.push(read(
        "",
        b"24/12/23, 10:00 - A:b: x\n Note: y\n\n  z: 1\n\tt: 2\n24/12/23, 10:01 - 007: ok\n24/12/23, 10:02 - ...: ok",
    ));
    chats.push(read("", "  Ana: one\n   more: yes\n  Ben: two".as_bytes()));
    for chat in chats {
        let printed = chat.conversation.to_string();
        let again = Conversation::parse(&printed).unwrap();
        let said = |chat: &Conversation| -> Vec<(String, String)> {
            chat.messages().iter().map(|message| (message.speaker.clone(), message.text.clone())).collect()
        };
        assert_eq!(said(&again), said(&chat.conversation), "{printed}");
    }
}

#[test]
fn bad_files_are_refused_in_one_line() {
    let zip = std::fs::read(path("whatsapp-ios-en.zip")).unwrap();
    let mut flipped = zip.clone();
    let middle = zip.windows(9).rposition(|window| window == b"_chat.txt").unwrap();
    // The checksum of the last entry of the directory.
    flipped[middle - 46 + 16] ^= 1;
    let mut encrypted = zip.clone();
    encrypted[middle - 46 + 8] |= 1;
    let mut method = zip.clone();
    method[middle - 46 + 10] = 12;
    let cases: [(&[u8], &str); 9] = [
        (b"", "the conversation is empty"),
        (b"24/12/23, 10:00 - Ana left", "has no messages, only 1 lines"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "is not UTF-8 text"),
        (b"\xff\xfea", "is not UTF-8 text"),
        (b"PK\x03\x04 and no archive", "the zip archive is damaged"),
        (&zip[..zip.len() - 30], "the zip archive is damaged"),
        (&flipped, "the zip archive is damaged"),
        (&encrypted, "is encrypted"),
        (&method, "not by deflate"),
    ];
    for (bytes, message) in cases {
        let error = import("x.txt", bytes, &Options::default()).unwrap_err().to_string();
        assert!(error.starts_with("x.txt: ") && error.contains(message), "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
    let empty = b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    let error = import("x.zip", empty, &Options::default()).unwrap_err().to_string();
    assert!(error.contains("holds no chat"), "{error}");
}

fn gist(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_gist")).args(arguments).output().unwrap()
}

#[test]
fn the_command_prints_lines_and_json() {
    let spanish = path("whatsapp-android-es.txt");
    let spanish = spanish.to_str().unwrap();
    let output = gist(&["import", spanish, "--last", "2"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text, "Marcos Ruiz: Salimos el 12 a las 7:30\nLucía: [location]\n");

    let output = gist(&["import", spanish, "--since", "yesterday", "--until", "2024-01-07 08:31", "--json"]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["format"], "whatsapp");
    assert_eq!((&json["order"], &json["certainty"]), (&"day-first".into(), &"inferred".into()));
    assert_eq!((&json["announcements"], &json["media"]), (&5.into(), &4.into()));
    let times: Vec<&str> = json["messages"].as_array().unwrap().iter().map(|m| m["time"].as_str().unwrap()).collect();
    assert_eq!(times, ["2024-01-06T22:05:00", "2024-01-06T22:07:00", "2024-01-07T08:30:00"]);

    let since = gist(&["import", spanish, "--since", "2024-01-01", "--until", "yesterday"]).stdout;
    let until = gist(&["import", spanish, "--until", "yesterday"]).stdout;
    assert!(!until.is_empty() && String::from_utf8(until).unwrap().ends_with(&String::from_utf8(since).unwrap()));

    let account = path("telegram-account.json");
    let account = account.to_str().unwrap();
    let output = gist(&["import", account, "--chat", "2"]);
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "Uwe: [poll: Samstag?]\n");

    for (arguments, message) in [
        (vec![account], "the export has 2 chats; choose one with --chat: 1 \"Silke\" (2), 2 \"Wandern\" (1)"),
        (vec![account, "--chat", "3"], "there is no chat 3: the export has 2"),
        (vec![account, "--chat", "0"], "--chat counts from 1"),
        (vec![spanish, "--since", "2025-01-01"], "the newest is of 2024-01-07T08:35:00"),
        (vec![spanish, "--since", "monday"], "\"monday\" is no date"),
        (vec![spanish, "--last", "1", "--since", "today"], "cannot be used with"),
        (vec!["nowhere.txt"], "nowhere.txt: "),
    ] {
        let output = gist(&[vec!["import"], arguments].concat());
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(text.contains(message) && text.lines().count() == 1, "{text}");
    }
}
