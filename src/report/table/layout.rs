//! Text in columns: how wide it is, how it is cut and where it is wrapped.

/// Columns that `text` takes in a terminal.
pub(super) fn width(text: &str) -> usize {
    text.chars().map(char_width).sum()
}

/// `text` and as many spaces as fill `columns`.
pub(super) fn pad(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(width(text))))
}

/// `text`, without its end where it is wider than `columns`.
pub(super) fn fit_end(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let kept = take(text.chars(), columns.saturating_sub(1));
    kept.into_iter().chain(['…']).collect()
}

/// `text`, without its start where it is wider than `columns`: the end of a path says more.
pub(super) fn fit_start(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let kept = take(text.chars().rev(), columns.saturating_sub(1));
    ['…'].into_iter().chain(kept.into_iter().rev()).collect()
}

/// `text` in lines of at most `columns`, broken at spaces. A word that is wider stands on a line of its own, whole: people copy
/// paths and addresses.
pub(super) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if width(line) + 1 + width(word) <= columns => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

fn take(characters: impl Iterator<Item = char>, columns: usize) -> Vec<char> {
    let mut room = columns;
    let fitting = characters.take_while(|&character| match room.checked_sub(char_width(character)) {
        Some(left) => {
            room = left;
            true
        }
        None => false,
    });
    fitting.collect()
}

/// None for marks that stand on the character before, two for the scripts and pictures that terminals draw wide (UAX #11, in
/// whole blocks), one for the rest.
fn char_width(character: char) -> usize {
    match character {
        '\u{300}'..='\u{36f}' | '\u{200b}'..='\u{200d}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' => 0,
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{ffe0}'..='\u{ffe6}'
        | '\u{1f300}'..='\u{1faff}'
        | '\u{20000}'..='\u{3fffd}' => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_characters_take_two_columns_and_marks_none() {
        assert_eq!(width("abc"), 3);
        assert_eq!(width("漢字"), 4);
        assert_eq!(width("e\u{301}"), 1);
        assert_eq!(pad("漢", 4), "漢  ");
    }

    #[test]
    fn what_is_too_wide_is_cut_at_the_end_or_the_start() {
        assert_eq!(fit_end("abcdef", 4), "abc…");
        assert_eq!(fit_start("src/long/app.py:12", 10), "…app.py:12");
        assert_eq!(fit_end("漢字漢字", 4), "漢…");
        assert_eq!(fit_start("abc", 3), "abc");
    }

    #[test]
    fn lines_break_at_spaces_and_long_words_stay_whole() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("see https://example.com/long", 8), ["see", "https://example.com/long"]);
    }
}
