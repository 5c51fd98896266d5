/** The page's state after a change. Pure. */
import { withPoints, type LabChange, type LabViewState } from '../../extension/protocol/lab-view.ts';

/** Undefined when the change does not fit the state. */
export function applyChange(state: LabViewState, change: LabChange): LabViewState | undefined {
  switch (change.kind) {
    case 'lab':
      return { ...state, lab: change.lab };
    case 'run':
      return { ...state, run: change.run };
    case 'progress': {
      const { progress } = change;
      if (state.run === undefined) return undefined;
      const lab = state.lab && withPoints(state.lab, progress.points ?? []);
      return { ...state, lab, run: { ...state.run, progress } };
    }
    case 'error':
      return { ...state, error: change.error };
    case 'models':
      return { ...state, models: change.models, inUse: change.inUse };
    case 'reset':
      return change.state;
  }
}
