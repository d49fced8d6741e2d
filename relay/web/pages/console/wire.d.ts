// The shapes of the HTTP API and of the staff's stream that the console reads; docs/reference has them in full.

export type Role = "owner" | "manager" | "agent" | "moderator" | "auditor";
export type ThreadState = "open" | "waiting" | "snoozed" | "closed";

export interface Listed<T> { items: T[]; next: string | null }
export interface MemberRef { id: string; pseudonym: string }
export interface Lease { holder: string; name: string; until: string }

export interface Session {
  staff: { id: string; name: string; role: Role };
  session: string;
  expires_at: string;
  communities: number;
}
export interface OwnSession { id: string; created_at: string; seen_at: string; expires_at: string; browser: string; is_current: boolean }
export interface LinkLook { staff: { id: string; name: string; role: Role }; has_passphrase: boolean }

export interface CommunityBrief { id: string; slug: string; name: string; language: string; closed_at: string | null }
export interface Rules {
  quiet_hours: { from: string; to: string } | null;
  posts_per_day: number | null;
  retention_days: number | null;
}
export interface Community extends CommunityBrief {
  time_zone: string;
  imprint: string;
  privacy_url: string;
  rules: Rules;
  created_at: string;
}
export interface Counts {
  members: { active: number; left: number };
  threads: Record<ThreadState | "mine", number>;
  cases: { open: number; appealed: number; objected: number };
}

export interface Message {
  id: string;
  role: "member" | "staff" | "bot" | "relay";
  text: string | null;
  status: "filed" | "held" | "rejected";
  at: string;
  in_reply_to: string | null;
  internal: boolean;
  author: string | null;
}
export interface Thread {
  id: string;
  member: MemberRef;
  state: ThreadState;
  assignee: string | null;
  labels: string[];
  post: string | null;
  lease: Lease | null;
  version: number;
  snoozed_until: string | null;
  created_at: string;
  active_at: string;
  last: Message | null;
}

export interface Button { id: string; label: string; opens_thread: boolean }
export interface PostBrief {
  id: string;
  state: "sending" | "sent" | "cancelled";
  text: string;
  title: string | null;
  buttons: Button[];
  urgent: boolean;
  author: string;
  audience: number;
  created_at: string;
  accepted_at: string | null;
  expires_at: string | null;
}
export interface Post extends PostBrief { counts: Record<string, number>; presses: Record<string, number> | null }

export interface Signal {
  name: string;
  plugin: string;
  weight: number;
  reason: string;
  told: Record<string, string>;
  start: number | null;
  end: number | null;
}
export interface Case {
  id: string;
  kind: "held" | "flagged" | "rejected";
  state: "open" | "delivered" | "rejected" | "appealed";
  member: MemberRef;
  thread: string;
  message: string;
  text: string;
  at: string;
  decision: string;
  score: number;
  thresholds: Record<string, number>;
  signals: Signal[];
  failures: { plugin: string; why: string }[];
  opened_at: string;
  decided_by: string | null;
  decided_at: string | null;
  reason: string | null;
  appeal: { text: string; at: string | null } | null;
  version: number;
  is_checking: boolean;
}

/** `id` is that of the first of its cases. */
export interface Cluster { id: string; members: number; cases: Case[] }

export interface Member {
  id: string;
  pseudonym: string;
  has_name: boolean;
  language: string;
  time_zone: string;
  tags: string[];
  attributes: Record<string, string | number | boolean>;
  standing: "active" | "left";
  joined_at: string;
}
export interface Consent { channel: string; source: string; text_version: string; at: string; withdrawn_at: string | null }
export interface Raid { is_on: boolean; began_at: string | null; ends_at: string | null; members: number }

export interface Trust { value: number; lightly: boolean; approved: number; days: number; known: boolean }
export interface MemberDetail extends Member {
  addresses: { channel: string; address: string }[];
  consents: Consent[];
  trust: Trust;
}

export interface Measure {
  id: string;
  member: string;
  kind: string;
  state: "proposed" | "imposed" | "lifted" | "taken_back" | "dismissed";
  is_in_force: boolean;
  at: string;
  until: string;
  by: string | null;
  reason: string | null;
  case: string | null;
  ended_at: string | null;
  ended_by: string | null;
  objected_at: string | null;
  answered_at: string | null;
  answered_by: string | null;
  answer: string | null;
  kept: number;
}
export interface KeptMessage { id: string; thread: string; measure: string; text: string; at: string }
export interface Objection { measure: Measure; member: MemberRef; text: string | null; thread: string | null }
export interface Strike { case: string; points: number; left: number; at: string; taken_back_at: string | null }
export interface Against { points: number; strikes: Strike[]; measures: Measure[]; may_shadow: boolean }

export interface Colleague { id: string; name: string; role: Role; is_here: boolean }
export interface Person { id: string; name: string; role: Role; created_at: string; removed_at: string | null }
export interface Key {
  id: string;
  name: string;
  scopes: string[];
  created_by: string;
  created_at: string;
  expires_at: string | null;
  revoked_at: string | null;
}
export interface Invite {
  id: string;
  code: string;
  url: string;
  label: string;
  expires_at: string | null;
  uses: number | null;
  used: number;
  revoked_at: string | null;
}
export interface ConsentText { language: string; version: string; text: string }
export interface Rule {
  kind: string;
  name: string;
  value: number;
  default: number | null;
  given_by: string;
  meaning: string;
  told: Record<string, string>;
}
export interface Plugin {
  name: string;
  version: string;
  stage: string;
  mode: string;
  signals: Record<string, number>;
  runs: number;
  hits: number;
  errors: number;
  mean_us: number;
  p99_us: number;
  deadline_ms: number;
  note: string;
  state: "running" | "starting" | "waiting" | "broken";
  breaker: "closed" | "open" | "trial";
  restarts: number;
  options: PluginOption[];
}
export interface Learning {
  is_on: boolean;
  rejected: number;
  delivered: number;
  least: number;
  least_members: number;
  why_not: "off" | "few" | "no_words" | null;
}
export interface Model {
  id: string;
  number: number;
  at: string;
  rejected: number;
  delivered: number;
  members: number;
  words: number;
  worth: { macro_f1: number; recall: number; false_alarms: number };
  is_in_use: boolean;
  used_at: string | null;
  used_by: string | null;
  emptied_at: string | null;
  is_outdated: boolean;
}
export interface ModelWords { model: Model; known: { word: string; weight: number }[] }
export interface PluginOption { name: string; value: unknown; default: unknown; description: string }
export interface ReplayFlip {
  message: string;
  member: string;
  then: string;
  now: string;
  score_then: number;
  score_now: number;
  signals: string[];
  ruled: "delivered" | "rejected" | null;
  text: string;
}
export interface ReplayFound {
  messages: number;
  of: number;
  flipped: number;
  rules: string;
  left_out: string[];
  matrix: Record<string, Record<string, number>>;
  tolls: {
    action: string;
    decided: "then" | "now";
    messages: number;
    delivered: number;
    rejected: number;
    unruled: number;
    delivered_share: number | null;
  }[];
  steps: { measure: string | null; then: number; now: number }[];
  plugins: {
    name: string;
    version: string;
    mode: string;
    runs: number;
    hits: number;
    errors: number;
    mean_us: number;
    p99_us: number;
    note: string;
  }[];
  flips: ReplayFlip[];
}
export interface Replay {
  id: string | null;
  state: "none" | "running" | "done" | "stopped" | "failed";
  by: string | null;
  since: string | null;
  began_at: string | null;
  ended_at: string | null;
  done: number;
  of: number;
  why: string;
  found: ReplayFound | null;
}
export interface AuditRow {
  n: number;
  at: string;
  actor: string;
  action: string;
  subject: string;
  detail: Record<string, string | number | boolean | null>;
  digest: string;
}

export interface LiveEvent {
  type: "event";
  position: string;
  community: string | null;
  event: string;
  thread?: string;
  is_new_thread?: boolean;
  message?: Message;
  message_id?: string;
  lease?: Lease;
  holder?: string;
  state?: string;
  assignee?: string;
  case?: string;
  post?: string;
  member?: string;
  released?: number;
  finished?: boolean;
}
