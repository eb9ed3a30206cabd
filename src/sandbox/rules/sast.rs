//! Dangerous calls in source code. One table row a rule: where it looks, for which words, and what else must hold.

use super::rule::{Family, Hit, Level, Rule};
use super::text::{Match, Text, is_comment, is_only_a_literal, starts_a_name};

/// A rule with the words that lead to it.
struct Detector {
    rule: Rule,
    extensions: &'static [&'static str],
    words: &'static [&'static str],
    /// What must hold beyond the word being there, outside a comment.
    holds: fn(&Text<'_>, &Match<'_>) -> bool,
}

const PYTHON: &[&str] = &["py"];
const JAVASCRIPT: &[&str] = &["js", "jsx", "mjs", "cjs", "ts", "tsx"];
const JAVA: &[&str] = &["java", "kt"];
const GO: &[&str] = &["go"];
const PHP: &[&str] = &["php"];
const RUBY: &[&str] = &["rb"];

const INJECTION: &[&str] = &["A03:2021"];
const CRYPTOGRAPHY: &[&str] = &["A02:2021"];
const INTEGRITY: &[&str] = &["A08:2021"];
const CONFIGURATION: &[&str] = &["A05:2021"];
const AUTHENTICATION: &[&str] = &["A07:2021"];

const NO_OUTSIDE_CODE: &str = "Do not run text as code., Parse the input with a parser of its own.";
const NO_SHELL: &str =
    "Call the program directly with a list of arguments., Validate every part that comes from outside.";
const DATA_FORMAT: &str = "Use a data-only format such as JSON., Verify a signature before reading.";
const STRONGER_HASH: &str = "Use SHA-256 or better., For passwords use a password hash such as Argon2.";
const VERIFY: &str = "Leave certificate verification on., Add the private authority to the trusted ones.";

static DETECTORS: &[Detector] = &[
    Detector {
        rule: Rule {
            id: "b8331bbb-36fd-5d13-9cb0-7915643c3565",
            family: Family::Sast,
            name: "Dynamic code execution",
            level: Some(Level::High),
            cwe: &["CWE-95"],
            owasp: INJECTION,
            language: "Python",
            description: "Text that may come from outside is run as **Python code**.",
            fix: NO_OUTSIDE_CODE,
        },
        extensions: PYTHON,
        words: &["eval(", "exec("],
        holds: is_call_with_a_value,
    },
    Detector {
        rule: Rule {
            id: "e0bf5ddb-88ba-50a3-9210-91c24356e3e2",
            family: Family::Sast,
            name: "Command line passed to the shell",
            level: Some(Level::High),
            cwe: &["CWE-78"],
            owasp: INJECTION,
            language: "Python",
            description: "A command line is handed to the **shell**, which interprets what is in it.",
            fix: NO_SHELL,
        },
        extensions: PYTHON,
        words: &["os.system(", "os.popen("],
        holds: is_call_with_a_value,
    },
    Detector {
        rule: Rule {
            id: "3df95b3a-a20f-5362-b5d6-39ce0ed0303d",
            family: Family::Sast,
            name: "Subprocess started through the shell",
            level: Some(Level::High),
            cwe: &["CWE-78"],
            owasp: INJECTION,
            language: "Python",
            description: "`shell=True` hands the command line to the **shell**.",
            fix: NO_SHELL,
        },
        extensions: PYTHON,
        words: &["shell=True"],
        holds: always,
    },
    Detector {
        rule: Rule {
            id: "a8ee8a53-5ee5-51d7-87aa-58079970a4f9",
            family: Family::Sast,
            name: "Pickle reads data that may be hostile",
            level: Some(Level::High),
            cwe: &["CWE-502"],
            owasp: INTEGRITY,
            language: "Python",
            description: "Reading a **pickle** runs whatever code its author put into it.",
            fix: DATA_FORMAT,
        },
        extensions: PYTHON,
        words: &["pickle.loads(", "pickle.load("],
        holds: always,
    },
    Detector {
        rule: Rule {
            id: "4150600b-507e-5b13-abe0-4a139b5e98d9",
            family: Family::Sast,
            name: "YAML loaded without the safe loader",
            level: Some(Level::High),
            cwe: &["CWE-502"],
            owasp: INTEGRITY,
            language: "Python",
            description: "`yaml.load` without `SafeLoader` can create **any Python object**.",
            fix: "Use yaml.safe_load.",
        },
        extensions: PYTHON,
        words: &["yaml.load("],
        holds: is_unsafe_yaml,
    },
    Detector {
        rule: Rule {
            id: "b3de8eb5-99a7-5a81-acad-aed30a977449",
            family: Family::Sast,
            name: "Weak hash function",
            level: Some(Level::Medium),
            cwe: &["CWE-328"],
            owasp: CRYPTOGRAPHY,
            language: "Python",
            description: "Collisions of **MD5 and SHA-1** can be made on purpose.",
            fix: STRONGER_HASH,
        },
        extensions: PYTHON,
        words: &["hashlib.md5(", "hashlib.sha1("],
        holds: always,
    },
    Detector {
        rule: Rule {
            id: "acf81381-693f-56a2-85e1-5164504bc7ff",
            family: Family::Sast,
            name: "Certificate verification switched off",
            level: Some(Level::Medium),
            cwe: &["CWE-295"],
            owasp: AUTHENTICATION,
            language: "Python",
            description: "Without verification anyone on the way can **read and change** the traffic.",
            fix: VERIFY,
        },
        extensions: PYTHON,
        words: &["verify=False"],
        holds: always,
    },
    Detector {
        rule: Rule {
            id: "93e69d11-a2cd-5bbe-bc85-83ae30cd82d5",
            family: Family::Sast,
            name: "SQL statement put together from parts",
            level: Some(Level::Critical),
            cwe: &["CWE-89"],
            owasp: INJECTION,
            language: "Python",
            description: "A value becomes part of the **SQL text**, where it can change what the statement does.",
            fix: "Pass values as parameters.",
        },
        extensions: PYTHON,
        words: &[".execute("],
        holds: is_composed_sql,
    },
    Detector {
        rule: Rule {
            id: "8854dc07-bff3-53d0-83ff-d8d1353878ca",
            family: Family::Sast,
            name: "Debug mode in a served application",
            level: Some(Level::Medium),
            cwe: &["CWE-489"],
            owasp: CONFIGURATION,
            language: "Python",
            description: "The debugger of the development server lets visitors **run code**.",
            fix: "Switch debug mode off outside development.",
        },
        extensions: PYTHON,
        words: &["debug=True"],
        holds: is_run_in_debug,
    },
    Detector {
        rule: Rule {
            id: "0e74e962-5339-5faf-9b19-26984515fe1a",
            family: Family::Sast,
            name: "Dynamic code execution in JavaScript",
            level: Some(Level::High),
            cwe: &["CWE-95"],
            owasp: INJECTION,
            language: "JavaScript",
            description: "Text that may come from outside is run as **JavaScript**.",
            fix: NO_OUTSIDE_CODE,
        },
        extensions: JAVASCRIPT,
        words: &["eval(", "new Function("],
        holds: is_call_with_a_value,
    },
    Detector {
        rule: Rule {
            id: "d665f40d-4cce-5036-b9cf-3c32cca29c64",
            family: Family::Sast,
            name: "Markup assigned from a value",
            level: Some(Level::Medium),
            cwe: &["CWE-79"],
            owasp: INJECTION,
            language: "JavaScript",
            description: "A value becomes **markup** of the page, scripts included.",
            fix: "Assign textContent., Sanitise markup before it is assigned.",
        },
        extensions: JAVASCRIPT,
        words: &[".innerHTML", ".outerHTML"],
        holds: is_assigned_markup,
    },
    Detector {
        rule: Rule {
            id: "57515186-a98e-5ba2-9ead-282908f74fcc",
            family: Family::Sast,
            name: "Command line put together from parts",
            level: Some(Level::Critical),
            cwe: &["CWE-78"],
            owasp: INJECTION,
            language: "JavaScript",
            description: "`child_process.exec` hands a command line with outside parts to the **shell**.",
            fix: "Use execFile with a list of arguments.",
        },
        extensions: JAVASCRIPT,
        words: &["exec(", "execSync("],
        holds: is_composed_command,
    },
    Detector {
        rule: Rule {
            id: "f03e8a25-c056-5218-b3a8-321552a96e20",
            family: Family::Sast,
            name: "TLS verification switched off in Node.js",
            level: Some(Level::High),
            cwe: &["CWE-295"],
            owasp: AUTHENTICATION,
            language: "JavaScript",
            description: "Without verification anyone on the way can **read and change** the traffic.",
            fix: VERIFY,
        },
        extensions: JAVASCRIPT,
        words: &["rejectUnauthorized: false"],
        holds: always,
    },
    Detector {
        rule: Rule {
            id: "6a7ffc6e-c7e6-5048-9ce7-cbcf022f171e",
            family: Family::Sast,
            name: "Command started through Runtime.exec",
            level: Some(Level::High),
            cwe: &["CWE-78"],
            owasp: INJECTION,
            language: "Java",
            description: "A command line is started that may have **outside parts**.",
            fix: NO_SHELL,
        },
        extensions: JAVA,
        words: &["Runtime.getRuntime().exec("],
        holds: is_call_with_a_value,
    },
    Detector {
        rule: Rule {
            id: "1441f531-2777-509b-8d6f-491af7192d86",
            family: Family::Sast,
            name: "Java deserialisation",
            level: Some(Level::High),
            cwe: &["CWE-502"],
            owasp: INTEGRITY,
            language: "Java",
            description: "Reading serialised objects can **run code** of any class on the path.",
            fix: DATA_FORMAT,
        },
        extensions: JAVA,
        words: &["new ObjectInputStream("],
        holds: always,
    },
    Detector {
        rule: Rule {
            id: "4522a9ce-4cd8-5854-a352-8738ee7c78be",
            family: Family::Sast,
            name: "Weak message digest",
            level: Some(Level::Medium),
            cwe: &["CWE-328"],
            owasp: CRYPTOGRAPHY,
            language: "Java",
            description: "Collisions of **MD5 and SHA-1** can be made on purpose.",
            fix: STRONGER_HASH,
        },
        extensions: JAVA,
        words: &["getInstance(\"MD5\"", "getInstance(\"SHA-1\""],
        holds: always,
    },
    Detector {
        rule: Rule {
            id: "daf7e578-e181-5e81-8a98-5008671b8073",
            family: Family::Sast,
            name: "Shell started with a command line",
            level: Some(Level::High),
            cwe: &["CWE-78"],
            owasp: INJECTION,
            language: "Go",
            description: "A command line is handed to the **shell**, which interprets what is in it.",
            fix: NO_SHELL,
        },
        extensions: GO,
        words: &["exec.Command(\"sh\"", "exec.Command(\"bash\"", "exec.Command(\"/bin/sh\""],
        holds: always,
    },
    Detector {
        rule: Rule {
            id: "2f9b01ae-707d-51a8-a2c4-697dd069f310",
            family: Family::Sast,
            name: "TLS verification switched off in Go",
            level: Some(Level::High),
            cwe: &["CWE-295"],
            owasp: AUTHENTICATION,
            language: "Go",
            description: "Without verification anyone on the way can **read and change** the traffic.",
            fix: VERIFY,
        },
        extensions: GO,
        words: &["InsecureSkipVerify: true"],
        holds: always,
    },
    Detector {
        rule: Rule {
            id: "1dc61720-0fd5-5eda-9609-9828457f8916",
            family: Family::Sast,
            name: "Weak hash function in Go",
            level: Some(Level::Medium),
            cwe: &["CWE-328"],
            owasp: CRYPTOGRAPHY,
            language: "Go",
            description: "Collisions of **MD5 and SHA-1** can be made on purpose.",
            fix: STRONGER_HASH,
        },
        extensions: GO,
        words: &["md5.New(", "md5.Sum(", "sha1.New(", "sha1.Sum("],
        holds: always,
    },
    Detector {
        rule: Rule {
            id: "ba4e3c08-237a-5f49-a087-dbb759e23946",
            family: Family::Sast,
            name: "Dynamic code execution in PHP",
            level: Some(Level::High),
            cwe: &["CWE-95"],
            owasp: INJECTION,
            language: "PHP",
            description: "Text that may come from outside is run as **PHP code**.",
            fix: NO_OUTSIDE_CODE,
        },
        extensions: PHP,
        words: &["eval("],
        holds: is_call_with_a_value,
    },
    Detector {
        rule: Rule {
            id: "75d1e921-a920-5de8-8fbd-06172c5f476f",
            family: Family::Sast,
            name: "Request parameter in a command or object",
            level: Some(Level::Critical),
            cwe: &["CWE-78"],
            owasp: INJECTION,
            language: "PHP",
            description: "A **request parameter** reaches the shell or the deserialiser.",
            fix: "Use escapeshellarg., Read JSON instead of serialised objects.",
        },
        extensions: PHP,
        words: &["system(", "shell_exec(", "passthru(", "unserialize("],
        holds: is_from_the_request,
    },
    Detector {
        rule: Rule {
            id: "977c0e99-b924-5bcc-b7c1-0381a0ede8e8",
            family: Family::Sast,
            name: "Ruby deserialisation",
            level: Some(Level::High),
            cwe: &["CWE-502"],
            owasp: INTEGRITY,
            language: "Ruby",
            description: "`Marshal.load` creates **any object** that the data names.",
            fix: DATA_FORMAT,
        },
        extensions: RUBY,
        words: &["Marshal.load("],
        holds: always,
    },
    Detector {
        rule: Rule {
            id: "6621be36-685e-5352-8b6c-2ae727208cbc",
            family: Family::Sast,
            name: "Dynamic code execution in Ruby",
            level: Some(Level::High),
            cwe: &["CWE-95"],
            owasp: INJECTION,
            language: "Ruby",
            description: "Text that may come from outside is run as **Ruby code**.",
            fix: NO_OUTSIDE_CODE,
        },
        extensions: RUBY,
        words: &["eval(", "instance_eval("],
        holds: is_call_with_a_value,
    },
];

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
