"""Which function writes which change."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from relay.core import attempt, change
from relay.stores.sql import (
    attempts,
    cases,
    communities,
    deliveries,
    members,
    messages,
    posts,
    record,
    replies,
    staff,
    threads,
    tokens,
)
from relay.stores.sql.steps import Write

APPLY: Mapping[type[Any], Write] = MappingProxyType(
    {
        change.AddCommunity: communities.add,
        change.EditCommunity: communities.edit,
        change.AddMember: members.add,
        change.EditMember: members.edit,
        change.Leave: members.leave,
        change.Rejoin: members.rejoin,
        change.Erase: members.erase,
        change.AddToken: tokens.add,
        change.RevokeTokens: tokens.revoke,
        change.AddStaff: staff.add_staff,
        change.RemoveStaff: staff.remove_staff,
        change.AddKey: staff.add_key,
        change.RevokeKey: staff.revoke_key,
        change.PlanPost: posts.plan,
        change.FreezeAudience: deliveries.freeze,
        change.AcceptPost: posts.accept,
        change.DropPlan: posts.drop_plan,
        change.DropPlans: posts.drop_plans,
        change.ReleasePost: deliveries.release,
        change.CancelPost: posts.cancel,
        change.FileReply: replies.file_reply,
        change.SendMessage: messages.send,
        change.AddNote: messages.add_note,
        change.EditThread: threads.edit,
        change.TakeLease: threads.take_lease,
        change.FreeLease: threads.free_lease,
        change.Rule: cases.rule,
        change.Appeal: cases.appeal,
        change.Press: posts.press,
        change.AdvanceCursors: deliveries.advance,
        attempt.SetPushed: attempts.set_pushed,
        attempt.RecoverAttempts: attempts.recover,
        attempt.ClaimAttempts: attempts.claim,
        attempt.SettleAttempts: attempts.settle,
        attempt.AddReceipts: attempts.add_receipts,
        attempt.HearFrom: attempts.hear_from,
        change.Remember: record.remember,
        change.Forget: record.forget,
        change.Record: record.record,
        change.SetFact: record.set_fact,
    }
)
