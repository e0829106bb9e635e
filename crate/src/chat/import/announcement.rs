//! Announcements of messengers in a chat, such as that somebody joined. They are left out, since nobody in the chat
//! said them.
//!
//! Most announcements are lines without a name and need no list. These lists, in English, Spanish, French and German,
//! are for the rest: announcements with a colon in them, and those written in somebody's name.

/// Phrases of announcements that no person's name contains.
const SENDER_PHRASES: &[&str] = &[
    // English
    "created group",
    "created this group",
    "changed the subject",
    "changed the group",
    "changed this group",
    "changed the settings",
    "changed their phone number",
    "security code",
    "joined using",
    "pinned a message",
    "disappearing messages",
    "end-to-end encrypted",
    "now an admin",
    // Spanish
    "creó el grupo",
    "creó este grupo",
    "creaste el grupo",
    "creaste este grupo",
    "cambió el asunto",
    "cambiaste el asunto",
    "cambió el nombre",
    "cambiaste el nombre",
    "cambió la descripción",
    "cambiaste la descripción",
    "cambió el icono",
    "cambió el ícono",
    "código de seguridad",
    "se unió usando",
    "se unió con",
    "fijó un mensaje",
    "mensajes temporales",
    "extremo a extremo",
    // French
    "créé le groupe",
    "créé ce groupe",
    "changé le sujet",
    "modifié le sujet",
    "changé le nom",
    "modifié le nom",
    "changé la description",
    "modifié la description",
    "code de sécurité",
    "a rejoint le groupe",
    "a rejoint en utilisant",
    "épinglé un message",
    "messages éphémères",
    "de bout en bout",
    // German
    "hat die gruppe",
    "hast die gruppe",
    "hat diese gruppe",
    "hast diese gruppe",
    "hat den betreff",
    "hast den betreff",
    "hat den gruppennamen",
    "hast den gruppennamen",
    "hat die gruppenbeschreibung",
    "hast die gruppenbeschreibung",
    "hat das gruppenbild",
    "hast das gruppenbild",
    "sicherheitsnummer",
    "ist der gruppe",
    "nachricht angepinnt",
    "selbstlöschende nachrichten",
    "ende-zu-ende-verschlüsselt",
];

/// First words of messages that the messenger wrote in the name of a person or of the group.
const TEXT_BEGINNINGS: &[&str] = &[
    "this message was deleted",
    "(this message was deleted)",
    "you deleted this message",
    "waiting for this message",
    "missed voice call",
    "missed video call",
    "missed group voice call",
    "missed group video call",
    "messages and calls are end-to-end encrypted",
    "messages to this group are now secured",
    "messages you send to this group are now secured",
    "se eliminó este mensaje",
    "eliminaste este mensaje",
    "este mensaje fue eliminado",
    "esperando este mensaje",
    "esperando el mensaje",
    "llamada perdida",
    "llamada de voz perdida",
    "videollamada perdida",
    "los mensajes y las llamadas están cifrados",
    "ce message a été supprimé",
    "vous avez supprimé ce message",
    "en attente de ce message",
    "appel vocal manqué",
    "appel vidéo manqué",
    "les messages et les appels sont chiffrés",
    "les messages et appels sont chiffrés",
    "diese nachricht wurde gelöscht",
    "du hast diese nachricht gelöscht",
    "warten auf diese nachricht",
    "auf diese nachricht wird gewartet",
    "verpasster sprachanruf",
    "verpasster videoanruf",
    "nachrichten und anrufe sind ende-zu-ende-verschlüsselt",
];

/// Notes after a message that its sender changed.
const EDITED: &[&str] = &[
    "<this message was edited>",
    "<message edited>",
    "<se editó este mensaje>",
    "<mensaje editado>",
    "<ce message a été modifié>",
    "<message modifié>",
    "<diese nachricht wurde bearbeitet>",
    "<nachricht bearbeitet>",
];

/// Returns `true` if the text before a colon is the beginning of an announcement rather than a name: the colon is
/// inside quotation marks, as in `Ana changed the subject to "Trip: Rome"`, or the words are the messenger's.
pub fn is_system_sender(name: &str) -> bool {
    let count = |mark: char| name.chars().filter(|&c| c == mark).count();
    let quote_is_open = count('"') % 2 == 1
        || count('«') > count('»')
        // “English” and „German“ quotation marks share one.
        || count('„') > count('“')
        || (count('„') == 0 && count('“') > count('”'));
    let name = name.to_lowercase().replace('’', "'");
    quote_is_open || SENDER_PHRASES.iter().any(|words| name.contains(words))
}

/// Returns `true` if the messenger wrote `text`, though in somebody's name.
pub fn is_system_text(text: &str) -> bool {
    // The longest phrase is much shorter, and texts can be long.
    let start: String = text.chars().take(80).collect::<String>().to_lowercase();
    // WhatsApp on Android writes `null` for content that it cannot export, such as pictures that can be viewed once.
    start == "null" || TEXT_BEGINNINGS.iter().any(|phrase| start.starts_with(phrase))
}

/// Returns `text` without the note that it was edited.
pub fn without_edited(text: &str) -> &str {
    let text = text.trim_end();
    let Some(start) = text.rfind('<') else { return text };
    let note = text[start..].to_lowercase().replace(".>", ">");
    if EDITED.contains(&note.as_str()) { text[..start].trim_end() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn announcements_are_told_from_names() {
        for line in [
            "You created group \"Trip: Rome\"",
            "Ana changed the subject from “Trip: Rome” to “Trip: Milan”",
            "Ana changed the group description: new rules",
            "Ana cambió el asunto de \"Viaje: Roma\" a \"Viaje: Milán\"",
            "Creaste el grupo «Viaje: Roma»",
            "Ana a créé le groupe « Voyage : Rome »",
            "Vous avez changé le sujet « a: b »",
            "Ana hat die Gruppe „Reise: Rom“ erstellt",
            "Du hast den Betreff von „Reise: Rom“ zu „Reise: Mailand“ geändert.",
            "Nova renamed it „So: was“",
            "Your security code with Ana changed: tap to learn more",
        ] {
            let (name, _) = line.split_once(':').unwrap();
            assert!(is_system_sender(name), "{line}");
        }
        for name in ["Ana", "Ana \"Annie\" Ott", "“Ana”", "„Ana“", "«Ana»", "+49 170 1234567", "Group Admin", "👋"]
        {
            assert!(!is_system_sender(name), "{name}");
        }
    }

    #[test]
    fn texts_of_the_messenger_are_told_from_those_of_people() {
        let texts = [
            "This message was deleted",
            "Se eliminó este mensaje.",
            "Ce message a été supprimé",
            "Du hast diese Nachricht gelöscht.",
            "Missed voice call",
            "null",
        ];
        for text in texts {
            assert!(is_system_text(text), "{text}");
        }
        for text in ["", "I deleted this message", "null and void", "ok"] {
            assert!(!is_system_text(text), "{text}");
        }
    }

    #[test]
    fn the_note_of_an_edit_is_taken_off() {
        for (text, expected) in [
            ("at 7 \u{200e}<This message was edited>", "at 7 \u{200e}"),
            ("a las 7 <Se editó este mensaje.>", "a las 7"),
            ("à 7 h <Ce message a été modifié>", "à 7 h"),
            ("um 7 <Diese Nachricht wurde bearbeitet.>", "um 7"),
            ("1 < 2", "1 < 2"),
            ("a <b>", "a <b>"),
            ("<", "<"),
        ] {
            assert_eq!(without_edited(text), expected);
        }
    }
}
