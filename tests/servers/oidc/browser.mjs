// A person at a real browser: Chromium, driven by its own chromedriver over plain HTTP.
//
//   node browser.mjs FOLDER
//
// Each line of standard input is a command, answered in one line with the page that is then shown: {"open": URL}, or
// {"click": SELECTOR}, which may lead to another page. FOLDER is for what the browser keeps.
import { spawn } from 'node:child_process';
import readline from 'node:readline';

const folder = process.argv[2];
const environment = { PATH: process.env.PATH, HOME: folder, TMPDIR: folder, XDG_CONFIG_HOME: folder, XDG_CACHE_HOME: folder };
const driver = spawn('chromedriver', ['--port=0'], { env: environment, stdio: ['ignore', 'pipe', 'ignore'] });
const port = await new Promise((found, failed) => {
  driver.on('error', failed);
  driver.on('exit', () => failed(new Error('chromedriver ended')));
  readline.createInterface({ input: driver.stdout }).on('line', (line) => {
    const match = /successfully on port (\d+)/.exec(line);
    if (match) found(match[1]);
  });
});

async function call(method, path, body) {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { method, body: body && JSON.stringify(body) });
  const { value } = await response.json();
  if (!response.ok) throw new Error(`${method} ${path}: ${value.error}: ${value.message}`);
  return value;
}

const { sessionId } = await call('POST', '/session', {
  capabilities: {
    alwaysMatch: {
      'goog:chromeOptions': {
        args: [
          '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-dev-shm-usage', '--no-first-run', '--no-proxy-server',
          '--disable-background-networking', '--disable-component-update', '--disable-sync', `--user-data-dir=${folder}/profile`,
        ],
      },
    },
  },
});
const session = `/session/${sessionId}`;

// A click returns before the next page is there, so the page that was left is marked.
async function obey(command) {
  const run = (script) => call('POST', `${session}/execute/sync`, { script, args: [] });
  if (command.open) await call('POST', `${session}/url`, { url: command.open });
  if (command.click) {
    await run('window.isLeft = true');
    const found = await call('POST', `${session}/element`, { using: 'css selector', value: command.click });
    await call('POST', `${session}/element/${Object.values(found)[0]}/click`, {});
    for (let tries = 0; await run('return window.isLeft || document.readyState !== "complete"').catch(() => true); tries++) {
      if (tries === 300) throw new Error(`nothing came of the click on ${command.click}`);
      await new Promise((passed) => setTimeout(passed, 100));
    }
  }
  return run('return { url: location.href, title: document.title, html: document.documentElement.outerHTML, text: document.body.innerText }');
}

console.log(JSON.stringify({ ready: true }));
for await (const line of readline.createInterface({ input: process.stdin })) {
  const answer = await obey(JSON.parse(line)).catch((error) => ({ failed: String(error) }));
  console.log(JSON.stringify(answer));
}
await call('DELETE', session).catch(() => {});
driver.kill();
process.exit(0);
