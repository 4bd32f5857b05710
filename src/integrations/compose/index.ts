export { checkCompose, composeLoader } from './loader.ts';
