"""Who becomes a prime at the provider is verified here from his next sign-in on, where his organisation stays the same."""

from alembic import op

revision = "20261125_0008"
down_revision = "20261124_0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # A sole proprietor's organisation is named by issuer and sub, as entry and as prime alike.
    op.execute("""
    create function identity.sign_in_at_provider(
      issuer_ text, sub_ text, claimed jsonb, mine bytea, session_hash bytea, provider_ text, expires timestamptz)
    returns text language plpgsql security definer set search_path = identity, pg_temp as $$
    declare answer text := sign_in_federated(issuer_, sub_, claimed, mine, session_hash, provider_, expires);
    begin
      if answer = 'ok' and claimed ->> 'role' = 'applicant' and (claimed ->> 'verified')::boolean then
        update organisation o set verified = true
          from federated f join account a on a.id = f.account_id
          where f.issuer = issuer_ and f.sub = sub_ and o.id = a.organisation_id and not o.verified;
      end if;
      return answer;
    end $$
    """)
    function = "sign_in_at_provider(text, text, jsonb, bytea, bytea, text, timestamptz)"
    op.execute(f"revoke execute on function identity.{function} from public")
    op.execute(f"grant execute on function identity.{function} to madoguchi_intake")
