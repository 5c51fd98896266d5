/** Handles the client's lab requests. */
import { resolve } from 'node:path';
import type { CancellationToken, Connection } from 'vscode-languageserver/node';
import { LabRunProgress, OpenLab, RunLab, SaveLab, labSteps } from '../../protocol/lab.ts';
import type { LabProgress, LabState, LabWait } from '../../protocol/lab.ts';
import { EngineError } from '../engine/errors.ts';
import { checkText } from '../params.ts';
import { giveWay } from '../room/give-way.ts';
import type { Session } from '../session.ts';
import { Lab } from './project/lab.ts';

/** The server's helpers for error replies and cancellation. */
export interface ServeLabTools {
  readonly connection: Connection;
  readonly ready: () => Promise<Session>;
  readonly orResponseError: <T>(work: () => Promise<T>) => Promise<T>;
  readonly toSignal: (token: CancellationToken) => AbortSignal;
  readonly tell: (send: () => Promise<void>) => void;
}

export function serveLab({ connection, ready, orResponseError, toSignal, tell }: ServeLabTools): void {
  const labs = new Map<string, Lab>();
  /** One for each folder, so that it knows what runs there. */
  const labOf = async (value: unknown): Promise<Lab> => {
    const folder = resolve(checkText(value, 'folder'));
    const lab = labs.get(folder) ?? new Lab(await ready(), folder);
    labs.set(folder, lab);
    return lab;
  };
  connection.onRequest(OpenLab, ({ folder }) => orResponseError(async () => (await labOf(folder)).state()));
  connection.onRequest(SaveLab, ({ folder, project }) =>
    orResponseError(async (): Promise<LabState> => {
      const lab = await labOf(folder);
      await lab.save(project);
      return lab.state();
    }),
  );
  connection.onRequest(RunLab, ({ folder, until, partialResultToken }, token) =>
    orResponseError(async (): Promise<LabState> => {
      if (until !== undefined && !labSteps.includes(until)) {
        throw new EngineError('invalidArgument', `There is no step "${until as string}".`);
      }
      const lab = await labOf(folder);
      const send = (part: LabProgress | LabWait): void => {
        if (partialResultToken !== undefined) {
          tell(() => connection.sendProgress(LabRunProgress, partialResultToken, part));
        }
      };
      const way = giveWay(await ready(), (waits) => send({ waits }));
      await way.during(() => lab.run(until, { signal: toSignal(token), onProgress: send }));
      return lab.state();
    }),
  );
}
