import type { EditKind } from '../../../protocol/server.ts';
import { document } from './document.ts';
import type { Feature } from './feature.ts';
import { fix } from './fix.ts';
import { rewrite } from './rewrite.ts';
import { tests } from './tests.ts';
import { translate } from './translate.ts';

export const features: Readonly<Record<EditKind, Feature>> = { rewrite, fix, document, tests, translate };
