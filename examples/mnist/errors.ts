/** Something that whoever calls can put right: what was found, what is allowed, what to do. */
export class UserError extends Error {
  override readonly name = "UserError";
}
