// The rules for tenant ids, names and keys. The API applies the same.

const NAME = /^(?!\.{1,2}$)[A-Za-z0-9._:@-]{1,128}$/;
const KEY = /^[\x21-\x7e]{1,255}$/;
const TAG = /^[A-Za-z0-9._:@=/-]{1,64}$/;
const JOB_ID = /^[0-9a-f]{26}$/;

export const NAME_RULE = "Use 1 to 128 of the characters A-Z a-z 0-9 . _ : @ -";
export const KEY_RULE = "Use up to 255 visible ASCII characters without spaces.";
export const TAG_RULE = "Use 1 to 64 of the characters A-Z a-z 0-9 . _ : @ = / -";
export const BATCH_RULE = "Use the id of a batch: 26 of the characters 0-9 a-f.";

export const isName = (text) => NAME.test(text);
export const isKey = (text) => KEY.test(text);
export const isTag = (text) => TAG.test(text);
export const isJobId = (text) => JOB_ID.test(text);
