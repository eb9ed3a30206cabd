// An identity provider and the API behind it, as CybeDefend has them, on npm's oidc-provider: the library that the platform's own
// provider is built on. Everything is on one loopback port.
//
//   node provider.mjs NODE_MODULES
//
// It says its origin in the first line of standard output. Each further line of standard input is a command, answered in one
// line: {"expire": true} makes the API refuse every access token that was issued so far, {"seen": true} tells what was asked at
// the token endpoint and of the API.
import crypto from 'node:crypto';
import http from 'node:http';
import path from 'node:path';
import readline from 'node:readline';
import { pathToFileURL } from 'node:url';

const { Provider, errors } = await import(pathToFileURL(path.resolve(process.argv[2], 'oidc-provider/lib/index.js')));

const { privateKey, publicKey } = crypto.generateKeyPairSync('rsa', { modulusLength: 2048 });
const seen = { token: [], api: [] };
const issued = [];
const refused = new Set();

const server = http.createServer();
await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
const origin = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(`${origin}/oidc`, {
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256', kid: 'test' }] },
  clients: [
    {
      client_id: 'cli',
      application_type: 'native',
      token_endpoint_auth_method: 'none',
      redirect_uris: ['http://localhost:9877/callback'],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
    },
  ],
  cookies: { keys: [crypto.randomBytes(16).toString('hex')] },
  pkce: { required: () => true },
  scopes: ['openid', 'offline_access'],
  rotateRefreshToken: true,
  ttl: { AccessToken: 600, AuthorizationCode: 60, RefreshToken: 1209600, Session: 600, Interaction: 600, Grant: 1209600, IdToken: 600 },
  findAccount: async (context, id) => ({ accountId: id, claims: async () => ({ sub: id }) }),
  features: {
    devInteractions: { enabled: false },
    resourceIndicators: {
      enabled: true,
      useGrantedResource: () => true,
      getResourceServerInfo: async (context, resource) => {
        if (resource !== origin) throw new errors.InvalidTarget();
        return { scope: '', audience: origin, accessTokenFormat: 'jwt', accessTokenTTL: 600, jwt: { sign: { alg: 'RS256' } } };
      },
    },
  },
  interactions: { url: (context, interaction) => `/interaction/${interaction.uid}` },
});
provider.on('grant.success', (context) => {
  issued.push(context.body.access_token);
  seen.token.push({ grant: context.oidc.params.grant_type, error: null });
});
provider.on('grant.error', (context, error) => {
  seen.token.push({ grant: context.oidc.params?.grant_type, error: error.error });
});

// What a person is asked, one page a question.
function page(response, uid, question, answers) {
  const form = answers.map((answer) => `<button id="${answer}" formaction="/interaction/${uid}/${answer}">${answer}</button>`);
  response.writeHead(200, { 'content-type': 'text/html' });
  response.end(`<!DOCTYPE html><title>${question}</title><h1>${question}</h1><form method="post">${form.join(' ')}</form>`);
}

async function interaction(request, response) {
  const details = await provider.interactionDetails(request, response);
  const answer = request.url.split('/')[3];
  if (!answer) {
    const first = details.prompt.name === 'login';
    return page(response, details.uid, first ? 'Who are you?' : 'Allow the command line?', first ? ['login'] : ['allow', 'deny']);
  }
  if (answer === 'deny') {
    const result = { error: 'access_denied', error_description: 'End-User <b>aborted</b> interaction' };
    return provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
  }
  if (answer === 'login') return provider.interactionFinished(request, response, { login: { accountId: 'user-1' } });
  const grant = new provider.Grant({ accountId: details.session.accountId, clientId: details.params.client_id });
  grant.addOIDCScope('openid offline_access');
  grant.addResourceScope(origin, '');
  return provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } }, { mergeWithLastSubmission: true });
}

// Whether an access token is one of ours, for this API, and has not ended.
function isGood(token) {
  const [head, body, signature] = token.split('.');
  if (!signature || refused.has(token)) return false;
  if (!crypto.verify('RSA-SHA256', Buffer.from(`${head}.${body}`), publicKey, Buffer.from(signature, 'base64url'))) return false;
  const claims = JSON.parse(Buffer.from(body, 'base64url'));
  return claims.aud === origin && claims.exp > Date.now() / 1000;
}

function api(request, response) {
  const say = (status, body) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  };
  if (request.url === '/client-apps') return say(200, { cli: { appId: 'cli' }, vscode: { appId: 'v' }, intellij: { appId: 'i' } });
  const good = isGood((request.headers.authorization ?? '').replace('Bearer ', ''));
  seen.api.push({ path: request.url, good });
  return good ? say(200, []) : say(401, { message: 'Unauthorized', statusCode: 401 });
}

const callback = provider.callback();
server.on('request', (request, response) => {
  const broken = (error) => {
    response.writeHead(500);
    response.end(String(error));
  };
  if (request.url.startsWith('/interaction/')) return interaction(request, response).catch(broken);
  if (!request.url.startsWith('/oidc')) return api(request, response);
  request.originalUrl = request.url;
  request.url = request.url.slice('/oidc'.length) || '/';
  return callback(request, response);
});

console.log(JSON.stringify({ origin }));
for await (const line of readline.createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  if (command.expire) issued.forEach((token) => refused.add(token));
  console.log(JSON.stringify(command.seen ? seen : {}));
}
process.exit(0);
