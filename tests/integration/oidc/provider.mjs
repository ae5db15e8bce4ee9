// An independent, certified OpenID provider, configured the way an operator would configure one for this product.
// From the environment: ISSUER, PORT, ALG, KEYS (private JWKs; the first that fits signs), and DIALECT: `keycloak`
// writes tokens the way Keycloak does (`typ: JWT`, other subjects for machines).
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const { ISSUER, PORT, KEYS, ALG, DIALECT } = process.env;
const RESOURCE = 'urn:liangfu:api';
const PERSONS = {
  li: { name: '李静', realm_access: { roles: ['clerk'] }, division: '341502 341503' },
};

const provider = new Provider(ISSUER, {
  jwks: { keys: JSON.parse(KEYS) },
  cookies: { keys: ['only-for-tests'] },
  clients: [
    {
      client_id: 'subsidy',
      client_secret: 'secret-of-subsidy',
      grant_types: ['client_credentials'],
      response_types: [],
      redirect_uris: [],
    },
    {
      client_id: 'console',
      client_secret: 'secret-of-console',
      grant_types: ['authorization_code'],
      response_types: ['code'],
      redirect_uris: ['https://console.test/callback'],
      id_token_signed_response_alg: ALG,
    },
  ],
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: (_context, resource) => ({
        scope: 'thing:read thing:write',
        audience: resource === RESOURCE ? 'liangfu' : resource,
        accessTokenFormat: 'jwt',
        accessTokenTTL: 600,
        jwt: { sign: { alg: ALG } },
      }),
    },
  },
  formats: {
    customizers: {
      jwt: (_context, token, jwt) => {
        if (DIALECT !== 'keycloak') return;
        jwt.header = { ...jwt.header, typ: 'JWT' };
        Object.assign(jwt.payload, { typ: 'Bearer', azp: jwt.payload.client_id });
        delete jwt.payload.client_id;
        if (!token.accountId) {
          jwt.payload.preferred_username = `service-account-${jwt.payload.azp}`;
          jwt.payload.sub = '6f1c3a52-8a4b-4d3e-9d0c-1f2e3d4c5b6a';
        }
      },
    },
  },
  enabledJWA: { idTokenSigningAlgValues: [ALG] },
  clientDefaults: { id_token_signed_response_alg: ALG },
  claims: { openid: ['sub'], profile: ['name'] },
  findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id, ...PERSONS[id] }) }),
  extraTokenClaims: (_context, token) => (token.accountId ? PERSONS[token.accountId] : { division: '*' }),
});
provider.on('server_error', (_context, error) => console.error(error));

createServer(provider.callback()).listen(Number(PORT), '127.0.0.1', () => console.log('listening'));
