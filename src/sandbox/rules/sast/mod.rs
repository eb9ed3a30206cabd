//! Dangerous calls in source code. One table row a rule: where it looks, for which words, and what else must hold.

mod detectors;

use super::rule::{Hit, Rule};
use super::text::{Match, Text, is_comment, is_only_a_literal, starts_a_name};
use detectors::DETECTORS;

/// A rule with the words that lead to it.
struct Detector {
    rule: Rule,
    extensions: &'static [&'static str],
    words: &'static [&'static str],
    /// What must hold beyond the word being there, outside a comment.
    holds: fn(&Text<'_>, &Match<'_>) -> bool,
}

pub(super) fn rules() -> impl Iterator<Item = &'static Rule> {
    DETECTORS.iter().map(|detector| &detector.rule)
}

pub(super) fn scan(text: &Text<'_>) -> Vec<Hit> {
    let extension = text.extension();
    let mut hits: Vec<Hit> = Vec::new();
    for detector in DETECTORS.iter().filter(|detector| detector.extensions.contains(&extension)) {
        let first = hits.len();
        for found in detector.words.iter().flat_map(|word| text.matches(word)) {
            let seen = hits.iter().skip(first).any(|hit| hit.line as usize == found.number);
            if !seen && !is_comment(found.line) && (detector.holds)(text, &found) {
                hits.push(text.hit(&detector.rule, found.number));
            }
        }
    }
    hits
}

fn always(_: &Text<'_>, _: &Match<'_>) -> bool {
    true
}

fn is_call_with_a_value(_: &Text<'_>, found: &Match<'_>) -> bool {
    starts_a_name(found.before) && !found.before.ends_with("def ") && !is_only_a_literal(found.after, ')')
}

fn is_unsafe_yaml(_: &Text<'_>, found: &Match<'_>) -> bool {
    !found.line.contains("SafeLoader")
}

/// The statement is put together: an f-string, `%`, `+` or `.format`.
fn is_composed_sql(_: &Text<'_>, found: &Match<'_>) -> bool {
    let statement = found.after.trim_start();
    let formatted = (statement.starts_with("f\"") || statement.starts_with("f'")) && statement.contains('{');
    formatted || ["\" %", "' %", "\" +", "' +", ".format("].iter().any(|joint| statement.contains(joint))
}

fn is_run_in_debug(_: &Text<'_>, found: &Match<'_>) -> bool {
    found.before.contains(".run(")
}

fn is_assigned_markup(_: &Text<'_>, found: &Match<'_>) -> bool {
    let value = found.after.trim_start_matches(['+', ' ']);
    let assigned = value.strip_prefix('=').filter(|value| !value.starts_with('='));
    assigned.is_some_and(|value| !is_only_a_literal(value, ';') && !is_only_a_literal(&format!("{value};"), ';'))
}

/// A command line that is put together, in a file that starts processes at all: `exec` is also a method of regular expressions.
fn is_composed_command(text: &Text<'_>, found: &Match<'_>) -> bool {
    let argument = found.after.trim_start();
    let composed = argument.starts_with('`') && argument.contains("${") || argument.contains(" + ");
    composed && text.content.contains("child_process")
}

fn is_from_the_request(_: &Text<'_>, found: &Match<'_>) -> bool {
    starts_a_name(found.before)
        && ["$_GET", "$_POST", "$_REQUEST", "$_COOKIE"].iter().any(|source| found.after.contains(source))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(path: &str, content: &str) -> Vec<&'static str> {
        scan(&Text::new(path, content)).iter().map(|hit| hit.rule.name).collect()
    }

    #[test]
    fn dangerous_calls_are_found_in_every_language_of_the_table() {
        for (path, line) in [
            ("a.py", "result = eval(request.args['x'])"),
            ("a.py", "os.system('rm ' + name)"),
            ("a.py", "subprocess.run(command, shell=True)"),
            ("a.py", "return pickle.loads(body)"),
            ("a.py", "settings = yaml.load(stream)"),
            ("a.py", "digest = hashlib.md5(data)"),
            ("a.py", "requests.get(url, verify=False)"),
            ("a.py", "cursor.execute(f\"SELECT * FROM t WHERE id = {id}\")"),
            ("a.py", "app.run(debug=True)"),
            ("a.ts", "const f = eval(code);"),
            ("a.js", "node.innerHTML = location.hash;"),
            ("a.js", "require('child_process').exec('ls ' + directory);"),
            ("a.js", "const options = { rejectUnauthorized: false };"),
            ("A.java", "Runtime.getRuntime().exec(command);"),
            ("A.java", "var in = new ObjectInputStream(stream);"),
            ("A.java", "MessageDigest.getInstance(\"MD5\");"),
            ("a.go", "cmd := exec.Command(\"sh\", \"-c\", line)"),
            ("a.go", "config := &tls.Config{InsecureSkipVerify: true}"),
            ("a.go", "hash := md5.New()"),
            ("a.php", "eval($code);"),
            ("a.php", "system($_GET['c']);"),
            ("a.rb", "Marshal.load(body)"),
            ("a.rb", "eval(params[:code])"),
        ] {
            assert_eq!(names(path, line).len(), 1, "{path}: {line}");
        }
    }

    #[test]
    fn look_alikes_are_left_alone() {
        for (path, line) in [
            ("a.py", "ast.literal_eval(text)"),
            ("a.py", "model.eval()"),
            ("a.py", "eval('1 + 1')"),
            ("a.py", "# os.system(command)"),
            ("a.py", "yaml.load(stream, Loader=yaml.SafeLoader)"),
            ("a.py", "cursor.execute(\"SELECT 1 WHERE id = %s\", (id,))"),
            ("a.js", "const found = pattern.exec(a + b);"),
            ("a.js", "node.innerHTML = \"\";"),
            ("a.js", "if (node.innerHTML == other) {}"),
            ("a.md", "eval(x)"),
            ("a.php", "system('uptime');"),
        ] {
            assert!(names(path, line).is_empty(), "{path}: {line}");
        }
    }
}
