// A certified OpenID Connect provider (npm: oidc-provider) for the tests. Each sign-in is one request: the interaction is answered
// at once as the person whose sub lies in PEOPLE_FILE under `now`. Settings: PORT, CLIENT_ID, CLIENT_SECRET, REDIRECT_URI.
import { readFileSync } from 'node:fs';
import { generateKeyPairSync } from 'node:crypto';
import Provider from 'oidc-provider';

const { PORT, CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, PEOPLE_FILE } = process.env;
const people = () => JSON.parse(readFileSync(PEOPLE_FILE, 'utf8'));
const gbizid = ['account_type', 'corp_type', 'parent_id', 'corporate_number', 'name', 'prefecture_name', 'address1', 'groups',
  'user_last_nm', 'user_first_nm', 'user_tel_no_contact'];
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });

const provider = new Provider(`http://127.0.0.1:${PORT}`, {
  clients: [{
    client_id: CLIENT_ID, client_secret: CLIENT_SECRET, redirect_uris: [REDIRECT_URI], response_types: ['code'],
    grant_types: ['authorization_code'], token_endpoint_auth_method: 'client_secret_basic',
    post_logout_redirect_uris: [`${new URL(REDIRECT_URI).origin}/`],
  }],
  claims: { openid: ['sub'], profile: gbizid, email: ['email'] },
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256', kid: `key-${Date.now()}` }] },
  cookies: { keys: ['only for tests'] },
  pkce: { required: () => true },
  features: { devInteractions: { enabled: false }, rpInitiatedLogout: { enabled: true } },
  interactions: { url: (_, interaction) => `/answer/${interaction.uid}` },
  findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub, ...people().people[sub] }) }),
  loadExistingGrant: async (ctx) => {
    const grant = new provider.Grant({ accountId: ctx.oidc.session.accountId, clientId: ctx.oidc.client.clientId });
    grant.addOIDCScope('openid profile email');
    await grant.save();
    return grant;
  },
});
provider.use(async (ctx, next) => {
  if (!ctx.path.startsWith('/answer/')) return next();
  const result = people().refuse ? { error: 'access_denied' } : { login: { accountId: people().now } };
  return provider.interactionFinished(ctx.req, ctx.res, result, { mergeWithLastSubmission: false });
});
provider.listen(Number(PORT), '127.0.0.1', () => console.log('ready'));
