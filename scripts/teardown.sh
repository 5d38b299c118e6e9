#!/usr/bin/env bash
# Deletes what provision.sh has made for an environment: stream, function, queue, role, policies, alarms, logs, and the code bucket if no other
# environment uses it. Keeps the table with its trades, which provision.sh finds again, unless told otherwise. Asks before it deletes.
#
#   scripts/teardown.sh local|dev|prod [--yes] [--delete-table]
#
# --yes           do not ask
# --delete-table  the table too, with all trades in it
#
# Stop the ingester first: what it puts afterwards has nowhere to go and waits in its journal. What is on the stream and not stored yet goes with
# the stream; the journal still has it. Region and credentials as for provision.sh.
#
# Prints what it has deleted and what it has kept. Exit codes: 0 fine (also if there was nothing), 2 usage or not confirmed, 3 it could not be done.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=scripts/lib.sh
source "$root/scripts/lib.sh"
# shellcheck source=scripts/aws.sh
source "$root/scripts/aws.sh"

main() {
  local confirmed=false delete_table=false status table
  read_arguments "$@"
  connect
  status=$(stack_status)
  [[ $status != *_IN_PROGRESS || $status == REVIEW_IN_PROGRESS ]] \
    || fail 3 "stack busy: stack=$stack status=$status (wait until that has ended, then again)"
  table=$(name_of_table "$status")
  tell_plan "$status" "$table"
  $confirmed || confirm
  delete_stack "$status"
  if $delete_table; then
    delete_table "$table"
  elif [[ -n $(table_key "$table") ]]; then
    printf 'kept the table %s\n' "$table"
  fi
  delete_bucket
}

read_arguments() {
  require_environment "${1:-}"
  shift
  while (($# > 0)); do
    case $1 in
      --yes) confirmed=true ;;
      --delete-table) delete_table=true ;;
      *) fail 2 "unknown option: option=${1%%=*} (expected: --yes or --delete-table; --help tells more)" ;;
    esac
    shift
  done
}

# name_of_table STATUS: the table that the stack uses, or that the parameter file names.
name_of_table() {
  local python
  if [[ -n $1 && $1 != REVIEW_IN_PROGRESS ]]; then
    stack_parameter TableName
  else
    python=$(python_program)
    "$python" "$root/scripts/stack_parameters.py" "$parameter_file" | sed -n 's/^TableName=//p'
  fi
}

# tell_plan STATUS TABLE: tells what goes and what stays.
tell_plan() {
  say "account $account, region $region"
  if [[ -n $1 ]]; then
    say "deletes the stack $stack: stream, function, role, policies, logs, and the queue with $(dead_letters) dead letters"
  fi
  if $delete_table; then
    say "deletes the table $2 with all trades in it"
  else
    say "keeps the table $2"
  fi
}

confirm() {
  local answer
  [[ -t 0 ]] || fail 2 "not confirmed: stdin is not a terminal (--yes does not ask)"
  read -r -p "Type the environment's name to go on: " answer
  [[ $answer == "$environment" ]] || fail 2 "not confirmed: answer=$answer (expected: $environment)"
}

dead_letters() {
  local url
  url=$(ask cloudformation describe-stacks --stack-name "$stack" --query "Stacks[0].Outputs[?OutputKey=='DeadLetterQueueUrl'].OutputValue")
  if [[ -z $url || $url == None ]]; then # a stack that was never whole has no outputs
    printf '0\n'
    return
  fi
  ask sqs get-queue-attributes --queue-url "$url" --attribute-names ApproximateNumberOfMessages --query Attributes.ApproximateNumberOfMessages
}

delete_stack() {
  if [[ -z $1 ]]; then
    say "no stack: stack=$stack"
    return
  fi
  say "deleting the stack $stack"
  ask cloudformation delete-stack --stack-name "$stack"
  if ! aws cloudformation wait stack-delete-complete --stack-name "$stack" 2>"$errors"; then
    tell_failures
    fail 3 "stack not deleted: stack=$stack status=$(stack_status) (what failed is above)"
  fi
  printf 'deleted the stack %s\n' "$stack"
}

delete_table() {
  [[ -n $(table_key "$1") ]] || return 0
  ask dynamodb delete-table --table-name "$1" --query TableDescription.TableStatus >/dev/null
  ask dynamodb wait table-not-exists --table-name "$1"
  printf 'deleted the table %s\n' "$1"
}

# delete_bucket: the code bucket, unless another environment of this account and region still has its code in it.
delete_bucket() {
  local others
  bucket_exists || return 0
  others=$(ask_rows cloudformation list-stacks \
    --query "StackSummaries[?starts_with(StackName,'tapestream-') && StackStatus!='DELETE_COMPLETE'].StackName")
  if [[ -n $others ]]; then
    printf 'kept the bucket %s, which %s uses\n' "$bucket" "$(tr '\n' ' ' <<<"$others" | sed 's/ $//')"
    return
  fi
  aws s3 rm "s3://$bucket/lambda/" --recursive --only-show-errors >&2
  ask s3api delete-bucket --bucket "$bucket" --expected-bucket-owner "$account"
  printf 'deleted the bucket %s\n' "$bucket"
}

main "$@"
