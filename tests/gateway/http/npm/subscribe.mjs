// The reference clients of GraphQL over SSE and WebSocket: node subscribe.mjs sse|ws ADDRESS AUTHORIZATION QUERY
// prints {results, error}.
import { createClient as createSse } from 'graphql-sse';
import { createClient as createWs } from 'graphql-ws';
import WebSocket from 'ws';

const [kind, url, authorization, query] = process.argv.slice(2);
const client =
  kind === 'sse'
    ? createSse({ url, headers: { authorization }, retryAttempts: 0 })
    : createWs({ url, webSocketImpl: WebSocket, connectionParams: { authorization }, retryAttempts: 0 });
const results = [];
let error = null;
try {
  for await (const result of client.iterate({ query })) results.push(result);
} catch (err) {
  error = Array.isArray(err) ? err : { message: err.message, code: err.code, reason: err.reason };
}
console.log(JSON.stringify({ results, error }));
await client.dispose();
process.exit(0);
