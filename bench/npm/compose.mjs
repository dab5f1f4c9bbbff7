// Composes the three subgraphs (read as JSON from stdin: name -> {url, sdl}) into supergraph.graphql beside this file.
import { readFileSync, writeFileSync } from 'node:fs';
import { composeServices } from '@apollo/composition';
import { parse } from 'graphql';

const subgraphs = JSON.parse(readFileSync(0, 'utf8'));
const services = Object.entries(subgraphs).map(([name, { url, sdl }]) => ({ name, url, typeDefs: parse(sdl) }));
const { errors, supergraphSdl } = composeServices(services);
if (errors?.length) {
  console.error(errors.map((error) => error.message).join('\n'));
  process.exit(1);
}
writeFileSync(new URL('./supergraph.graphql', import.meta.url), supergraphSdl);
