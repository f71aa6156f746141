// All that pages and components use of the libraries, from one place.
import { h } from "preact";
import htm from "htm";

export { Fragment, render } from "preact";
export { useCallback, useEffect, useErrorBoundary, useId, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
export { batch, computed, effect, signal, untracked, useComputed, useSignal, useSignalEffect } from "@preact/signals";

/** Markup as a tagged template. Values put into it are text or properties, never markup. */
export const html = htm.bind(h);

/** Class names, of which the falsy ones are left out. */
export const classes = (...names) => names.filter(Boolean).join(" ");
