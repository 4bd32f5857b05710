export { ApiError } from './api-error.ts';
export { type Client, type ClientOptions, createClient, type Input, type Output } from './client.ts';
export type { Contracts } from './contracts.ts';
