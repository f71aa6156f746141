// All that pages and components use of the libraries, from one place.

import htm from "htm";
import { h } from "preact";

export { batch, computed, effect, signal, untracked, useComputed, useSignal, useSignalEffect } from "@preact/signals";
export { Fragment, render } from "preact";
export {
  useCallback,
  useEffect,
  useErrorBoundary,
  useId,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from "preact/hooks";

/** Markup as a tagged template. Values put into it are text or properties, never markup. */
export const html = htm.bind(h);

/** Class names, of which the falsy ones are left out. */
export const classes = (...names) => names.filter(Boolean).join(" ");
